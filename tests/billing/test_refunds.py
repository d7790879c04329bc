"""Refunds: what is unused goes back, what was spent is owed, Stripe's dashboard counts, and each is booked once."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connections, transaction

from billing.models import Refund, TopUp
from billing.operations import fees, refunds, topups
from billing.operations.refunds import Ask, requesting
from billing.operations.refunds import sending as refund_sending
from billing.queries import lineage
from billing.queries import refunds as queries
from billing.queries.lineage import Payment
from billing.stripe.client import client as stripe_client
from config.kit.errors import DomainError, InvalidInputError, KeyReusedError
from tests.support import checkout, races
from tests.support import runs as agent_runs
from tests.support.checkout import NOW
from tests.support.people import open_customer
from tests.support.processes import StripeStandin, eventually
from tests.support.races import race
from wallets import chart
from wallets import queries as wallet_queries
from wallets.models import CreditGrant, Hold, Wallet, WalletDebt
from wallets.money import MICRO

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
LATER = NOW + dt.timedelta(minutes=5)


def buy(standin: StripeStandin, *, key: str = "first") -> TopUp:
    """W13's $10 package at 0.001: 10,000 paid and 1,000 bonus credits."""
    order = topups.Order(amount_cents=1_000, package="prepaid-10", bonus_bp=1_000)
    customer = open_customer() if key == "first" else TopUp.objects.get().customer
    return checkout.buy(customer, standin, key=key, order=order)


def spend(top_up: TopUp, requests: int, event: str = "e1") -> None:
    """Run an agent at 50 credits a request."""
    agent = agent_runs.make_agent(event)
    agent_runs.charge(agent, top_up.customer, event, now=NOW, usage={"request": Decimal(requests)})


def paid(top_up: TopUp) -> Payment:
    """Give it as a payment, as it is now."""
    found = lineage.by_intent(intent_id=str(top_up.payment_intent_id))
    assert found is not None
    return found


def ask(top_up: TopUp, cents: int, key: str = "k1", *, spent: bool = False) -> Refund:
    """Ask for a refund."""
    asked = Ask(amount_cents=cents, principal="page:x", key=key, spent=spent)
    return refunds.request(payment=paid(top_up), ask=asked, now=NOW)


def refund(top_up: TopUp, cents: int, key: str = "k1", *, spent: bool = False) -> Refund:
    """Ask for one and have it sent."""
    found = ask(top_up, cents, key, spent=spent)
    refunds.send(refund=found, now=NOW)
    found.refresh_from_db()
    return found


def in_dashboard(top_up: TopUp, cents: int) -> str:
    """Give money back in Stripe's dashboard."""
    made = stripe_client().v1.refunds.create({"charge": top_up.charge_id, "amount": cents})
    return made.id


def sync(top_up: TopUp) -> None:
    """Do what its webhook's job does."""
    refunds.sync(intent_id=str(top_up.payment_intent_id), now=LATER)


def wallet(top_up: TopUp) -> Wallet:
    """Read its wallet again."""
    return Wallet.objects.get(pk=top_up.wallet_id)


def credits(top_up: TopUp) -> float:
    """What its wallet shows."""
    return wallet(top_up).balance / MICRO


class TestUnused:
    def test_the_cash_behind_unused_credits_goes_back(self, stripe_standin: StripeStandin) -> None:
        """W: after 1,500 of 11,000 credits of the $10 package are spent, $8.636364 is refundable."""
        top_up = buy(stripe_standin)
        spend(top_up, 30)
        standing = queries.standing(payment=paid(top_up), now=NOW)
        preview = refunds.preview(payment=paid(top_up), amount_cents=863, now=NOW)
        made = refund(top_up, 863)

        assert (standing.cash, standing.refundable_cents) == (8_636_364, 863)
        assert (preview.credits, preview.balance_after, preview.below_zero) == (9_500 * MICRO, 0, 0)
        assert (made.state, made.claw and made.claw.amount) == ("refunded", 9_500 * MICRO)
        assert credits(top_up) == 0
        assert not WalletDebt.objects.exists()
        top_up.refresh_from_db()
        assert top_up.status == "paid"
        assert list(made.changes.order_by("id").values_list("to_state", flat=True)) == ["sending", "refunded"]

    def test_all_of_it_makes_the_top_up_refunded(self, stripe_standin: StripeStandin) -> None:
        top_up = buy(stripe_standin)
        refund(top_up, 1_000)
        top_up.refresh_from_db()

        assert (top_up.status, credits(top_up)) == ("refunded", 0)
        charge = stripe_client().v1.charges.retrieve(top_up.charge_id)
        assert charge.amount_refunded == 1_000
        assert wallet_queries.platform_balance(chart.DEFERRED) == 0

    def test_what_is_held_or_spent_is_not_unused(self, stripe_standin: StripeStandin) -> None:
        top_up = buy(stripe_standin)
        agent = agent_runs.make_agent("held")
        agent_runs.reserve(agent, top_up.customer, now=NOW, usage={"request": Decimal(20)})

        with pytest.raises(DomainError, match=r"At most \$9.09"):
            ask(top_up, 910)
        refund(top_up, 909)
        # Less than a cent's worth: it goes along when no run holds the rest.
        assert wallet(top_up).available == 1 * MICRO

    def test_its_credits_cannot_be_spent_meanwhile(self, stripe_standin: StripeStandin) -> None:
        top_up = buy(stripe_standin)
        ask(top_up, 1_000)

        assert wallet(top_up).available == 0
        with pytest.raises(requesting.RefundOpenError):
            ask(top_up, 1, "k2")

    def test_a_key_asks_once(self, stripe_standin: StripeStandin) -> None:
        top_up = buy(stripe_standin)
        first, second = refund(top_up, 300), refund(top_up, 300)

        assert first.pk == second.pk
        with pytest.raises(KeyReusedError):
            ask(top_up, 301)
        with pytest.raises(InvalidInputError):
            ask(top_up, 0, "k2")


class TestSpent:
    def test_what_was_spent_is_owed_and_paid_by_the_next_purchase(
        self, stripe_standin: StripeStandin
    ) -> None:
        top_up = buy(stripe_standin)
        spend(top_up, 30)
        preview = refunds.preview(payment=paid(top_up), amount_cents=1_000, now=NOW)
        refund(top_up, 1_000, spent=True)

        assert (preview.from_purchase, preview.below_zero) == (9_500 * MICRO, 1_500 * MICRO)
        assert (preview.cash, preview.receivable, preview.lost_cash) == (8_636_364, 1_363_636, 0)
        assert (credits(top_up), wallet_queries.platform_balance(chart.RECEIVABLE)) == (-1_500, -1_363_636)
        buy(stripe_standin, key="second")
        assert credits(top_up) == 9_500
        assert wallet_queries.platform_balance(chart.RECEIVABLE) == 0

    def test_lineage_names_the_runs(self, stripe_standin: StripeStandin) -> None:
        top_up = buy(stripe_standin)
        spend(top_up, 30)
        payment = paid(top_up)

        assert [(burn.funding_class, burn.amount) for burn in lineage.burns(payment=payment)] == [
            ("paid", 500 * MICRO),
            ("bonus", 1_000 * MICRO),
        ]
        assert {lot.funding_class: lot.remaining for lot in payment.lots} == {
            "paid": 9_500 * MICRO,
            "bonus": 0,
        }


class TestStripe:
    def test_an_unknown_outcome_is_looked_up_and_never_asked_for_anew(
        self, stripe_standin: StripeStandin
    ) -> None:
        top_up = buy(stripe_standin)
        stripe_standin.post("/_sim/faults", kind="drop_after", method="POST", path="/v1/refunds", count=3)
        made = refund(top_up, 500)
        assert made.state == "unknown"
        assert wallet(top_up).held == 5_500 * MICRO
        refunds.send_due(now=LATER)
        made.refresh_from_db()

        assert (made.state, made.calls) == ("refunded", 2)
        assert len(stripe_client().v1.refunds.list({"charge": top_up.charge_id}).data) == 1
        assert (credits(top_up), wallet(top_up).held) == (5_500, 0)

    def test_a_definite_no_frees_the_credits(self, stripe_standin: StripeStandin) -> None:
        top_up = buy(stripe_standin)
        asked = ask(top_up, 700)
        in_dashboard(top_up, 500)
        refunds.send(refund=asked, now=NOW)
        asked.refresh_from_db()

        assert (asked.state, asked.failure[:13]) == ("failed", "Refund amount")
        assert wallet(top_up).held == 0
        sync(top_up)
        assert credits(top_up) == 5_500

    def test_one_that_a_bank_hands_back_restores_everything(self, stripe_standin: StripeStandin) -> None:
        top_up = buy(stripe_standin)
        before = list(CreditGrant.objects.order_by("id").values())
        made = refund(top_up, 1_000)
        stripe_standin.post(f"/_sim/refunds/{made.stripe_refund_id}/fail")
        for _ in range(2):
            sync(top_up)
        made.refresh_from_db()
        top_up.refresh_from_db()

        assert (made.state, top_up.status, credits(top_up)) == ("failed", "paid", 11_000)
        assert list(CreditGrant.objects.order_by("id").values()) == before

    def test_refunds_of_the_dashboard_are_booked_once_in_any_order(
        self, stripe_standin: StripeStandin
    ) -> None:
        top_up = buy(stripe_standin)
        in_dashboard(top_up, 300)
        sync(top_up)
        refund(top_up, 200)
        in_dashboard(top_up, 500)
        for _ in range(2):
            sync(top_up)
        top_up.refresh_from_db()

        assert (credits(top_up), top_up.status) == (0, "refunded")
        assert sorted(Refund.objects.values_list("amount_cents", "principal")) == [
            (200, "page:x"),
            (300, "stripe"),
            (500, "stripe"),
        ]

    def test_what_no_webhook_told_of_is_found_on_stripes_lines(self, stripe_standin: StripeStandin) -> None:
        top_up = buy(stripe_standin)
        in_dashboard(top_up, 1_000)
        now = dt.datetime.now(dt.UTC)
        fees.sweep(now=now)

        assert refunds.sync_recent(now=now) == 1
        assert refunds.sync_recent(now=now) == 0
        assert credits(top_up) == 0

    def test_somebody_elses_payment_is_left_alone(self, stripe_standin: StripeStandin) -> None:
        assert refunds.sync(intent_id="pi_of_another_system", now=NOW) == 0


@pytest.mark.django_db(transaction=True)
def test_one_that_cannot_be_done_keeps_no_other_waiting(
    stripe_standin: StripeStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other = (buy(stripe_standin, key=key) for key in ("first", "second"))
    asked = [ask(top_up, 300) for top_up in (stuck,)] + [ask(other, 300, "k2")]
    monkeypatch.setattr(refund_sending, "BATCH", 1)
    with races.stuck(asked[0]):
        assert refunds.send_due(now=LATER) == 1
    states = [Refund.objects.get(pk=one.pk).state for one in asked]
    assert states == ["requested", "refunded"]
    refunds.send_due(now=LATER)
    for top_up in (stuck, other):
        in_dashboard(top_up, 200)
    now = dt.datetime.now(dt.UTC)
    fees.sweep(now=now)
    with races.stuck(stuck):
        refunds.sync_recent(now=now)
    assert Refund.objects.filter(state="refunded").count() == 3
    refunds.sync_recent(now=now)
    assert Refund.objects.filter(state="refunded").count() == 4


@pytest.mark.django_db(transaction=True)
def test_answer_webhook_and_sweeper_at_once_book_it_once(stripe_standin: StripeStandin) -> None:
    top_up = buy(stripe_standin)
    asked = ask(top_up, 1_000)

    def act(turn: int) -> None:
        if turn % 2:
            refunds.send(refund=Refund.objects.get(pk=asked.pk), now=NOW)
        else:
            sync(top_up)

    assert [found for found in race(6, act) if found is not None] == []
    sync(top_up)
    assert credits(top_up) == 0
    assert Refund.objects.get().state == "refunded"
    assert not Hold.objects.filter(state="open").exists()


@pytest.mark.django_db(transaction=True)
def test_it_waits_for_a_dispute_of_its_payment_before_it_takes_the_wallet() -> None:
    """A dispute locks the payment, then the wallet: whoever took them the other way round would wait in a ring."""
    top_up = checkout.bought_unseen(agent_runs.make_customer())

    def refunded() -> None:
        try:
            checkout.refunded_unseen("pi_first", "re_1", 500)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as pool:
        with transaction.atomic():
            TopUp.objects.select_for_update().get(pk=top_up.pk)
            refund = pool.submit(refunded)
            eventually(races.waiting)
            Wallet.objects.select_for_update(nowait=True).get(pk=top_up.wallet_id)
        refund.result(timeout=60)
    assert credits(top_up) == 5_000
