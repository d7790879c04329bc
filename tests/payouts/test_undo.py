"""A run that was settled and had failed after all: everything comes back to where it came from, once."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import AuditEntry, Customer
from billing.models import CreatorPull, Execution
from billing.operations import posting, rollups
from billing.operations.posting import post_splits
from billing.queries import usage
from config.kit.errors import DomainError, InvalidInputError
from marketplace.models import Creator
from payouts.operations import recoveries, runs, undoing, write_offs
from payouts.operations.undoing import NotUndoableError
from payouts.queries import earnings, standing, statements
from payouts.queries.undoing import Plan
from tests.support import checkout, creators, disputing, ledger
from tests.support import runs as agent_runs
from tests.support.checkout import NOW
from tests.support.invoicing import bill_overage
from tests.support.processes import StripeStandin
from tests.support.races import race
from tests.support.staff import staff
from wallets import chart, debts, quotas
from wallets import queries as wallet_queries
from wallets.calls import BilledError, DisputedError
from wallets.ledger import Source
from wallets.models import CreditGrant, Transaction, Wallet, WalletDebt
from wallets.money import MICRO

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

DAY = dt.timedelta(days=1)
WHOLE = (NOW - DAY, NOW + 2 * DAY)


def charged(customer: Customer, *, requests: int = 30, agent: Any = None) -> Execution:
    """Let a customer be charged 50 credits a request by Alice's agent, 40 of them hers."""
    use = {"request": Decimal(requests)}
    agent_runs.charge(agent or agent_runs.make_agent(), customer, "e1", usage=use, now=NOW)
    return Execution.objects.latest("pk")


def undo(run: Execution, *, now: dt.datetime = NOW, reason: str = "It had failed") -> Plan:
    """Undo it as Olive."""
    return undoing.undo(run=run, by=staff(), reason=reason, now=now)


def lots(customer: Customer) -> list[tuple[str, int, int, int]]:
    """What each lot has left and has burned, in whole credits, and its cash in USD micros."""
    found = CreditGrant.objects.filter(wallet__owner_id=customer.pk).order_by("pk")
    return [
        (lot.funding_class, lot.remaining // MICRO, lot.burned // MICRO, lot.cash_remaining) for lot in found
    ]


def balance(run: Execution) -> int:
    """What the wallet that was charged has."""
    assert run.wallet is not None
    return Wallet.objects.get(pk=run.wallet.pk).balance


def booked() -> dict[str, int]:
    """Read the platform's accounts that a run touches."""
    accounts = (chart.PLATFORM_SHARE, chart.LOSS, chart.DEFERRED, chart.OWED, chart.UNBILLED, chart.REVENUE)
    found = {account.kind + account.unit: wallet_queries.platform_balance(account) for account in accounts}
    return found | {"promo": wallet_queries.platform_balance(chart.PROMO_EXPENSE)}


class TestUndo:
    @pytest.mark.parametrize("posted", [True, False])
    def test_each_lot_has_what_it_gave_and_each_who_earned_gave_it_back(self, posted: bool) -> None:
        """Bob's $10 brought 11,000 credits, the bonus burned first: 1,500 of them and 500 promotional ones ran."""
        customer = agent_runs.make_customer()
        checkout.bought_unseen(customer, bonus_bp=1_000)
        ledger.promise(agent_runs.wallet_of(customer), credits=500)
        before, had = booked(), lots(customer)
        run = charged(customer, requests=40)
        if posted:
            post_splits(now=NOW)
            rollups.roll_up()
        assert lots(customer) != had
        plan = undo(run)
        run.refresh_from_db()

        assert (lots(customer), booked()) == (had, before)
        assert (plan.amount, plan.own + plan.pulled, plan.lost) == (2_000 * MICRO, 2_000 * MICRO, 0)
        assert (run.undone_at, run.charged, run.shown_state) == (NOW, 2_000 * MICRO, "undone")
        creator = Creator.objects.get()
        assert standing.purse(creator_id=creator.pk).pending == 0
        assert CreatorPull.objects.get().from_pending == run.creator_amount
        (row,) = usage.by(group="agent", customer_id=customer.pk, since=WHOLE[0], until=WHOLE[1])
        assert (row.executions, row.cost) == (1, 0)
        total = earnings.total(creator_id=creator.pk, since=WHOLE[0], until=WHOLE[1])
        assert (total.executions, total.gross, total.platform_fee, total.net) == (1, 0, 0, 0)
        rollups.roll_up()
        entry = AuditEntry.objects.get(act="undo")
        assert (entry.object_id, entry.actor, entry.reason, entry.address) == (
            *(run.public_id, staff().actor, "It had failed", "10.1.2.3"),
        )

    def test_what_creators_have_no_more_they_owe_to_their_cap_and_the_platform_bears_the_rest(
        self, settings: Settings
    ) -> None:
        settings.CREATOR_DEBT_CAP_CENTS = 50
        run = charged(agent_runs.make_customer(credits=2_000))
        post_splits(now=NOW)
        creators.spend_earnings(Creator.objects.get())
        plan = undo(run)

        assert (plan.pulled, plan.own, plan.lost) == (500 * MICRO, 300 * MICRO, 700 * MICRO)
        pull = CreatorPull.objects.get()
        assert (pull.from_pending, pull.to_debt, pull.to_loss) == (0, 500 * MICRO, 700 * MICRO)
        assert balance(run) == 2_000 * MICRO

    def test_what_a_payout_has_promised_is_left_to_it(self, stripe_standin: StripeStandin) -> None:
        payout = creators.drafted(creators.earning_creator(stripe_standin))
        undo(Execution.objects.get(), now=creators.PAY_DAY)

        pull = CreatorPull.objects.get()
        assert (pull.from_payable, pull.to_debt) == (0, payout.amount)

    def test_a_day_matures_short_of_it_and_the_statement_verifies(self) -> None:
        alice = creators.earning_creator(requests=100)
        agent_runs.charge(
            Execution.objects.get().agent, Customer.objects.get(name="Alices-Bob"), "e2", now=creators.NOW
        )
        undo(Execution.objects.latest("pk"))
        runs.prepare(period=creators.WEEK, actor="user:olive", now=creators.PAY_DAY)

        purse = standing.purse(creator_id=alice.pk)
        assert (purse.pending, purse.payable) == (0, 4_000 * MICRO)
        assert statements.verified(creator=alice) == {}

    def test_what_was_burned_below_zero_is_owed_no_more_and_its_payers_have_it_back(self) -> None:
        customer = agent_runs.make_customer(credits=1_000)
        wallet = agent_runs.wallet_of(customer)
        debts.set_overdraft(wallet_id=wallet.pk, limit=5_000 * MICRO, now=NOW)
        run = charged(customer, requests=40)
        post_splits(now=NOW)
        ledger.buy(wallet, cents=40, payment="pi_2")
        assert [lot[1:3] for lot in lots(customer)] == [(0, 1_000), (0, 400)]
        undo(run)

        debt = WalletDebt.objects.get()
        assert (debt.remaining, debt.paid, debt.waived, debt.carried) == (0, 0, 1_000 * MICRO, 0)
        assert [lot[1:] for lot in lots(customer)] == [(1_000, 0, 1_000_000), (400, 0, 400_000)]
        assert Wallet.objects.get(pk=wallet.pk).balance == 1_400 * MICRO

    def test_it_refuses_what_an_invoice_has_billed(self) -> None:
        customer = agent_runs.make_customer()
        wallet = agent_runs.wallet_of(customer)
        debts.set_overdraft(wallet_id=wallet.pk, limit=5_000 * MICRO, now=NOW)
        run = charged(customer)
        bill_overage(customer, wallet, debt=1_500 * MICRO, cents=150)

        with pytest.raises(BilledError):
            undo(run)
        assert Execution.objects.get(pk=run.pk).undone_at is None

    def test_what_has_expired_meanwhile_expires_and_is_given_anew_for_a_month(self) -> None:
        customer = agent_runs.make_customer()
        wallet = agent_runs.wallet_of(customer)
        ledger.promise(wallet, credits=2_000, expires_at=NOW + DAY)
        run = charged(customer)
        later = NOW + 2 * DAY
        wallet_queries.balance(wallet=wallet, now=later)
        undo(run, now=later)

        old, new = CreditGrant.objects.order_by("pk")
        assert (old.remaining, old.burned, old.expired) == (0, 0, 2_000 * MICRO)
        assert (new.funding_class, new.remaining, new.cash) == ("promo", 1_500 * MICRO, 0)
        assert new.expires_at == later + dt.timedelta(days=30)

    def test_a_quota_has_its_units_back(self) -> None:
        agent = agent_runs.make_agent(manifest=agent_runs.FREE, quota_unit="EXECUTION")
        bob = agent_runs.make_customer()
        quotas.grant(
            customer_id=bob.pk,
            unit="EXECUTION",
            amount=5 * MICRO,
            source=Source("period", "1"),
            expires_at=NOW + DAY,
            now=NOW,
        )
        run = charged(bob, agent=agent)
        quota = Wallet.objects.get(owner_type="consumer", unit="EXECUTION")
        assert quota.balance == 4 * MICRO
        undo(run)

        quota.refresh_from_db()
        assert quota.balance == 5 * MICRO

    def test_a_dispute_is_decided_first(self) -> None:
        customer = agent_runs.make_customer()
        checkout.bought_unseen(customer)
        run = charged(customer)
        disputing.disputed_unseen("pi_first", "needs_response", 1_000)
        with pytest.raises(DisputedError):
            undo(run)
        disputing.disputed_unseen("pi_first", "won", 1_000)
        undo(run)

        assert [lot[1] for lot in lots(customer)] == [10_000]

    def test_what_comes_back_after_a_refund_pays_what_the_refund_left_owing(self) -> None:
        """Undone before or after the refund, the customer ends with nothing and owes nothing."""
        customer = agent_runs.make_customer()
        checkout.bought_unseen(customer)
        run = charged(customer)
        post_splits(now=NOW)
        checkout.refunded_unseen("pi_first", "re_1", 1_000)
        undo(run)

        debt = WalletDebt.objects.get()
        assert (debt.remaining, debt.paid, debt.waived) == (0, 1_500 * MICRO, 0)
        assert wallet_queries.platform_balance(chart.RECEIVABLE) == 0
        assert balance(run) == 0

    def test_bonus_that_comes_back_after_a_refund_goes_as_it_would_have_gone_with_it(self) -> None:
        """Of 1,000 bonus credits 500 ran: undone after all was given back, neither they nor arrears are left."""
        customer = agent_runs.make_customer()
        checkout.bought_unseen(customer, bonus_bp=1_000)
        run = charged(customer, requests=10)
        post_splits(now=NOW)
        checkout.refunded_unseen("pi_first", "re_1", 600)
        checkout.refunded_unseen("pi_first", "re_2", 400)
        ledger.promise(agent_runs.wallet_of(customer), credits=70)
        assert WalletDebt.objects.get().remaining == 500 * MICRO
        undo(run)

        assert [(lot[0], lot[1]) for lot in lots(customer)] == [("paid", 0), ("bonus", 0), ("promo", 70)]
        assert (balance(run), WalletDebt.objects.get().remaining) == (70 * MICRO, 0)
        assert all(booked()[kind] == 0 for kind in ("revenueUSD", "deferredUSD", "owedUSD"))
        assert wallet_queries.platform_balance(chart.RECEIVABLE) == 0
        for name, cents in (("re_1", 600), ("re_2", 400)):
            checkout.refunded_unseen("pi_first", name, cents, lost=True)
        assert (balance(run), booked()["deferredUSD"]) == (11_070 * MICRO, 10_000_000)

    def test_what_was_written_off_is_not_undone_until_it_is_paid_after_all(self) -> None:
        customer = agent_runs.make_customer()
        checkout.bought_unseen(customer)
        run = charged(customer)
        post_splits(now=NOW)
        checkout.refunded_unseen("pi_first", "re_1", 1_000)
        write_offs.write_off(debt=WalletDebt.objects.get(), actor="user:olive", reason="Gone", now=NOW)

        checkout.bought_unseen(customer, "pi_second")
        with pytest.raises(NotUndoableError, match="written off"):
            undo(run)
        assert recoveries.pass_on_due(now=NOW) == 1
        undo(run)
        assert (balance(run), standing.purse(creator_id=Creator.objects.get().pk).pending) == (
            10_000 * MICRO,
            0,
        )

    def test_it_happens_once_and_asks_for_a_charge_and_a_reason(self) -> None:
        customer = agent_runs.make_customer(credits=1_000)
        run = charged(customer, requests=1)
        reserved = agent_runs.reserve(run.agent, customer, now=NOW)
        open_run = Execution.objects.get(public_id=reserved.execution)

        with pytest.raises(NotUndoableError):
            undo(open_run)
        with pytest.raises(InvalidInputError):
            undo(run, reason=" ")
        undo(run)
        with pytest.raises(NotUndoableError):
            undo(run)
        assert Transaction.objects.filter(kind="undo").count() == 1


class TestPage:
    def test_staff_sees_before_and_after_and_undoes_it(self, client: Client) -> None:
        customer = agent_runs.make_customer(credits=2_000)
        run = charged(customer)
        client.force_login(staff().user, backend="django.contrib.auth.backends.ModelBackend")
        place = reverse("admin:billing_execution_undo", args=[run.pk])
        shown = client.get(place).content.decode()
        answer = client.post(place, {"reason": "The agent returned nothing"})

        for text in ("500", "2,000", "1,200", "300", "Alice"):
            assert text in shown
        assert answer.status_code == 302
        assert AuditEntry.objects.get().act == "undo"
        assert "It was undone before" in client.get(place).content.decode()
        assert client.post(place, {"reason": "Again"}).status_code == 200

    def test_its_page_tells_in_tables_what_it_used_what_that_cost_and_who_has_it(
        self, client: Client
    ) -> None:
        run = charged(agent_runs.make_customer(credits=2_000))
        client.force_login(staff().user, backend="django.contrib.auth.backends.ModelBackend")

        shown = client.get(reverse("admin:billing_execution_change", args=[run.pk])).content.decode()

        number = '<td class="fb-number">'
        paid = "<td>Paid</td>"
        for row in (
            f"<td>Request</td>{number}30</td>",
            f"<td>Request</td>{number}30</td>{number}50</td>{number}1,500</td>",
            f"{paid}<td>Alice</td>{number}1,200</td>",
            f"{paid}<td>Platform</td>{number}300</td>",
        ):
            assert f"<tr>{row}</tr>" in shown

    def test_it_refuses_staff_without_the_right(self, client: Client) -> None:
        run = charged(agent_runs.make_customer(credits=2_000))
        user = staff().user
        user.is_superuser = False
        user.is_staff = True
        user.save()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

        answer = client.post(reverse("admin:billing_execution_undo", args=[run.pk]), {"reason": "Mine"})
        assert answer.status_code == 403
        assert Execution.objects.get().undone_at is None


@pytest.mark.django_db(transaction=True)
def test_of_four_at_once_beside_a_poster_a_refund_and_a_roller_one_undoes() -> None:
    customer = agent_runs.make_customer()
    checkout.bought_unseen(customer)
    run = charged(customer)
    olive = staff()

    def act(number: int) -> Plan | None:
        match number:
            case 4:
                posting.post_splits(now=NOW)
            case 5:
                checkout.refunded_unseen("pi_first", "re_1", 1_000)
            case 6:
                rollups.roll_up()
            case _:
                return undoing.undo(run=run, by=olive, reason="It had failed", now=NOW)
        return None

    found = race(7, act)

    assert [each for each in found if isinstance(each, Exception) and not isinstance(each, DomainError)] == []
    assert sum(isinstance(each, Plan) for each in found) == 1
    assert sum(isinstance(each, NotUndoableError) for each in found) == 3
    rollups.roll_up()
    assert balance(run) == 0
    assert WalletDebt.objects.filter(remaining__gt=0).count() == 0
