"""Arrears that nobody pays: who earned from the spent credits bears them, each credit once."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import AuditEntry, User
from billing.models import CreatorPull
from billing.operations import posting
from marketplace.models import Agent, Creator
from payouts.models import WriteOff
from payouts.operations import write_offs
from payouts.operations.write_offs import NothingOwedError
from payouts.queries import standing
from payouts.queries import write_offs as queries
from tests.support import checkout, creators, disputing
from tests.support import runs as agent_runs
from tests.support.checkout import NOW
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.races import race
from wallets import chart, operations
from wallets import queries as wallet_queries
from wallets.models import Wallet, WalletDebt
from wallets.money import MICRO

THREE_PARTS = """
pricing:
  model: usage_based
  rates:
    - metric: request
      amount: 50.000004
  split:
    creator: 55
    {carol}: 24.33
    platform: 20.67
"""

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def in_arrears(name: str = "bob", *, posted: bool = True) -> WalletDebt:
    """Bob buys 10,000 credits, spends 1,500 on Alice's agent, and his bank gives him all of his money back."""
    customer = agent_runs.make_customer(name)
    checkout.bought_unseen(customer, f"pi_{name}")
    usage = {"request": Decimal(30)}
    agent = Agent.objects.first() or agent_runs.make_agent()
    agent_runs.charge(agent, customer, name, usage=usage, now=NOW)
    if posted:
        posting.post_splits(now=NOW)
    checkout.refunded_unseen(f"pi_{name}", f"re_{name}", 1_000)
    return WalletDebt.objects.latest("pk")


def write_off(debt: WalletDebt) -> WriteOff:
    """Write it off."""
    return write_offs.write_off(debt=debt, actor="user:olive", reason="Gone", now=NOW)


def balance(debt: WalletDebt) -> int:
    """What the debtor's wallet shows."""
    return Wallet.objects.get(pk=debt.wallet_id).balance


class TestWriteOff:
    def test_creators_give_back_what_they_earned_and_the_platform_its_own_part(self) -> None:
        debt = in_arrears()
        plan = queries.plan(debt=debt)
        made = write_off(debt)
        debt.refresh_from_db()

        assert (made.amount, made.pulled, made.own, made.lost) == (
            *(1_500 * MICRO, 1_200 * MICRO, 300 * MICRO, 0),
        )
        assert (plan.pulled, plan.own, plan.lost) == (made.pulled, made.own, made.lost)
        assert (debt.remaining, debt.written_off, balance(debt)) == (0, 1_500 * MICRO, 0)
        assert standing.purse(creator_id=Creator.objects.get().pk).pending == 0
        pull = CreatorPull.objects.get()
        assert (pull.from_pending, pull.to_debt, pull.to_loss) == (1_200 * MICRO, 0, 0)
        owed = [wallet_queries.platform_balance(one) for one in (chart.RECEIVABLE, chart.OWED)]
        assert owed == [0, 0]

    def test_what_a_creator_has_no_more_it_owes_up_to_its_cap(self, settings: Settings) -> None:
        settings.CREATOR_DEBT_CAP_CENTS = 50
        debt = in_arrears()
        creator = Creator.objects.get()
        creators.spend_earnings(creator)
        made = write_off(debt)

        assert (made.pulled, made.own, made.lost) == (500 * MICRO, 300 * MICRO, 700 * MICRO)
        assert standing.purse(creator_id=creator.pk).debt == -500 * MICRO
        pull = CreatorPull.objects.get()
        assert (pull.from_pending, pull.to_debt, pull.to_loss) == (0, 500 * MICRO, 700 * MICRO)

    def test_a_run_that_is_not_posted_has_earned_nobody_anything_yet(self) -> None:
        debt = in_arrears(posted=False)
        made = write_off(debt)

        assert (made.pulled, made.own, made.lost) == (0, 0, 1_500 * MICRO)
        assert not CreatorPull.objects.exists()

    def test_a_micro_that_rounding_gave_to_another_class_has_earned_nobody_anything(self) -> None:
        """Of 50.000004 credits a micro was bonus: the split's odd micros all fell to the paid ones."""
        customer, others = agent_runs.make_customer(), [agent_runs.make_creator("carol")]
        checkout.bought_unseen(customer, bonus_bp=1_000)
        wallet = agent_runs.wallet_of(customer)
        agent = agent_runs.make_agent(manifest=THREE_PARTS.format(carol=others[0].public_id), others=others)
        operations.adjust(
            wallet=wallet, amount=1 - 1_000 * MICRO, reference="a", reason="a", actor="test", now=NOW
        )
        agent_runs.charge(agent, customer, "e1", now=NOW)
        posting.post_splits(now=NOW)
        checkout.refunded_unseen("pi_first", "re_first", 1_000)
        made = write_off(WalletDebt.objects.get())

        assert [(part.funding_class, part.amount, part.pulled) for part in made.parts.order_by("pk")] == [
            ("paid", 50_000_003, 39_665_001),
            ("bonus", 1, 0),
        ]

    def test_of_a_purchase_given_back_in_two_parts_each_run_is_borne_once(self) -> None:
        customer = agent_runs.make_customer()
        checkout.bought_unseen(customer)
        sellers = [agent_runs.make_creator(name) for name in ("alice", "carol")]
        for seller in sellers:
            agent = agent_runs.make_agent(str(seller.slug), creator=seller)
            agent_runs.charge(agent, customer, agent.slug, usage={"request": Decimal(100)}, now=NOW)
        posting.post_splits(now=NOW)
        for refund in ("re_1", "re_2"):
            checkout.refunded_unseen("pi_first", refund, 500)
        write_off(WalletDebt.objects.get())

        pulls = CreatorPull.objects.values_list("creator", "from_pending")
        assert dict(pulls) == {seller.pk: 4_000 * MICRO for seller in sellers}

    def test_it_happens_once(self) -> None:
        debt = in_arrears()
        write_off(debt)

        with pytest.raises(NothingOwedError):
            write_off(debt)

    def test_a_refund_that_comes_back_afterwards_gives_the_unspent_credits_back(self) -> None:
        debt = in_arrears()
        write_off(debt)
        checkout.refunded_unseen("pi_bob", "re_bob", 1_000, lost=True)

        assert balance(debt) == 8_500 * MICRO

    def test_beat_writes_off_what_has_waited_too_long(self) -> None:
        in_arrears()

        assert write_offs.write_off_due(now=NOW + dt.timedelta(days=89)) == 0
        assert write_offs.write_off_due(now=NOW + dt.timedelta(days=91)) == 1
        assert write_offs.write_off_due(now=NOW + dt.timedelta(days=91)) == 0

    def test_beat_writes_off_at_once_what_a_lost_dispute_left(self, stripe_standin: StripeStandin) -> None:
        top_up = checkout.buy(open_customer(), stripe_standin)
        agent_runs.charge(
            agent_runs.make_agent(), top_up.customer, "e1", usage={"request": Decimal(30)}, now=NOW
        )
        posting.post_splits(now=NOW)
        dispute = disputing.opened(stripe_standin, top_up)
        assert write_offs.write_off_due(now=NOW) == 0
        disputing.decide(stripe_standin, dispute.stripe_id, "lost")
        disputing.followed(dispute.stripe_id)
        debt = WalletDebt.objects.get()

        assert (debt.remaining, write_offs.write_off_due(now=NOW), balance(debt)) == (1_500 * MICRO, 1, 0)
        assert CreatorPull.objects.get().from_pending == 1_200 * MICRO
        assert write_offs.write_off_due(now=NOW) == 0

    def test_staff_sees_who_bears_it_and_writes_it_off(self, client: Client) -> None:
        debt = in_arrears()
        olive = User.objects.create_superuser("olive@example.com", "correct horse battery")
        client.force_login(olive, backend="django.contrib.auth.backends.ModelBackend")
        place = reverse("admin:wallets_walletdebt_write_off", args=[debt.pk])
        before = client.get(reverse("admin:wallets_walletdebt_change", args=[debt.pk])).content.decode()
        shown = client.get(place).content.decode()
        answer = client.post(place, {"reason": "Gone without a trace"})

        for text in ("Bob · bob@example.com", "Alice", "1,200", "300", "1,500", "Write off arrears</h2>"):
            assert text in shown
        assert answer.status_code == 302
        made = WriteOff.objects.get()
        assert AuditEntry.objects.filter(act="write_off", object_id=made.public_id).exists()
        page = client.get(reverse("admin:wallets_walletdebt_change", args=[debt.pk])).content.decode()
        # It is offered where something is owed, and only there.
        assert (place in before, place in page) == (True, False)
        # What creators bore, and the dollars that still stand for the arrears.
        assert "1,200" in page
        assert "$0.00" in page

    def test_the_list_asks_as_often_for_many_debtors_as_for_one(self, client: Client) -> None:
        olive = User.objects.create_superuser("olive@example.com", "correct horse battery")
        client.force_login(olive, backend="django.contrib.auth.backends.ModelBackend")
        asked = []
        for name in ("bob", "dave"):
            in_arrears(name)
            with CaptureQueriesContext(connection) as queries:
                shown = client.get(reverse("admin:wallets_walletdebt_changelist")).content.decode()
            asked.append(len(queries))

            assert f"{name}@example.com" in shown
        assert asked[0] == asked[1]


@pytest.mark.django_db(transaction=True)
def test_of_five_at_once_one_writes_off() -> None:
    debt = in_arrears()
    found = race(5, lambda _: write_off(debt))

    assert sorted(type(one).__name__ for one in found) == ["NothingOwedError"] * 4 + ["WriteOff"]
    assert balance(debt) == 0
