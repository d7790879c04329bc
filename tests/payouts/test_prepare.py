"""Preparing a run: the week matures, and everyone who can be paid gets a draft that adds up."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import override_settings

from payouts.models import MaturedEarning, Payout, PayoutExclusion, PayoutItem, PayoutRun
from payouts.operations import approvals, runs
from payouts.operations.runs import TooEarlyError
from payouts.queries import standing
from tests.support import ledger, races
from tests.support import runs as agent_runs
from tests.support.creators import (
    NEXT_WEEK,
    NOW,
    OLIVE,
    PAY_DAY,
    PAY_DAY_AFTER,
    WEEK,
    change_account,
    connect_stripe,
    drafted,
    earn,
    earning_creator,
)
from tests.support.processes import StripeStandin
from tests.support.runs import credits
from wallets import chart
from wallets.ledger import Leg, Source, post
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def items(payout: Payout) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in PayoutItem.objects.filter(payout=payout):
        found[item.kind] = found.get(item.kind, 0) + item.amount
    return found


class TestPrepare:
    def test_it_drafts_the_weeks_earnings_for_wednesday(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        payout = drafted(alice)
        assert (payout.state, payout.amount, payout.amount_cents) == ("draft", credits(4000), 400)
        assert (str(payout.period_start), str(payout.last_day)) == ("2026-03-02", "2026-03-08")
        assert payout.scheduled_for == dt.date(2026, 3, 11)
        assert items(payout) == {"earnings": credits(4000)}
        purse = standing.purse(creator_id=alice.pk)
        assert (purse.pending, purse.payable) == (0, credits(4000))

    def test_it_is_refused_before_the_pay_date(self, stripe_standin: StripeStandin) -> None:
        earning_creator(stripe_standin)
        with pytest.raises(TooEarlyError):
            runs.prepare(period=WEEK, actor=OLIVE, now=WEEK.matures_at - dt.timedelta(microseconds=1))
        assert not PayoutRun.objects.exists()

    def test_it_leaves_the_next_week_maturing(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        agent, bob = alice.agents.get(), agent_runs.make_customer("carol", credits=1000)
        last, first = (
            dt.datetime(2026, 3, 8, 23, 59, 59, 999_999, dt.UTC),
            dt.datetime(2026, 3, 9, tzinfo=dt.UTC),
        )
        earn(agent, bob, "sunday", now=last)
        earn(agent, bob, "monday", now=first)
        payout = drafted(alice)
        assert payout.amount == credits(4040)
        assert {str(item.day) for item in payout.items.all()} == {"2026-03-02", "2026-03-08"}
        drafted_next = drafted(alice, period=NEXT_WEEK, now=PAY_DAY_AFTER)
        assert drafted_next.amount == credits(40)

    def test_it_keeps_what_is_below_a_cent(self, stripe_standin: StripeStandin) -> None:
        alice = agent_runs.make_creator()
        agent = agent_runs.make_agent(creator=alice, manifest=agent_runs.PER_TOKEN)
        bob = agent_runs.make_customer(credits=1000)
        usage = {"input_tokens": Decimal(15_433), "output_tokens": Decimal(7)}
        agent_runs.charge(agent, bob, "odd", now=NOW, usage=usage)
        connect_stripe(alice, stripe_standin)
        payout = drafted(alice)
        whole, odd = credits(10), 12_363_200 - credits(10)
        assert (payout.amount, payout.amount_cents) == (whole, 1)
        assert items(payout) == {"earnings": 12_363_200, "carried_out": -odd}

    def test_it_carries_the_rest_into_the_next_payout(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(requests=1)
        agent, bob = alice.agents.get(), agent_runs.make_customer("carol", credits=1000)
        runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY)
        connect_stripe(alice, stripe_standin)
        earn(agent, bob, "later", now=NOW + dt.timedelta(days=7))
        payout = drafted(alice, period=NEXT_WEEK, now=PAY_DAY_AFTER)
        assert payout.amount == credits(80)
        assert {str(item.day) for item in payout.items.all()} == {"2026-03-02", "2026-03-09"}

    def test_it_pays_twice_as_little_for_two_runs_as_for_none(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        first = runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY)
        again = runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY + dt.timedelta(hours=1))
        assert first.pk == again.pk
        assert Payout.objects.filter(creator=alice).count() == 1
        assert standing.purse(creator_id=alice.pk).payable == credits(4000)

    def test_it_adds_who_connected_since(self, stripe_standin: StripeStandin) -> None:
        alice, dora = earning_creator(stripe_standin), earning_creator(name="dora")
        runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY)
        assert PayoutExclusion.objects.get().reason == "not_connected"
        connect_stripe(dora, stripe_standin)
        runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY)
        assert {payout.creator_id for payout in Payout.objects.all()} == {alice.pk, dora.pk}
        assert not PayoutExclusion.objects.exists()

    def test_a_draft_is_not_promised_again_next_week(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        drafted(alice)
        runs.prepare(period=NEXT_WEEK, actor=OLIVE, now=PAY_DAY_AFTER)
        assert Payout.objects.filter(creator=alice).count() == 1

    def test_a_cancelled_draft_gives_its_earnings_to_the_next(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        approvals.cancel(payouts=[drafted(alice)], actor=OLIVE, now=PAY_DAY, reason="A test")
        payout = drafted(alice, period=NEXT_WEEK, now=PAY_DAY_AFTER)
        assert items(payout) == {"earnings": credits(4000)}

    def test_it_takes_debt_off_first(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        debt = ledger.open_creator_wallet(owner_id=alice.pk, kind=chart.DEBT)
        Wallet.objects.filter(pk=debt.pk).update(overdraft_limit=credits(1000))
        post(
            kind="write_off",
            source=Source("test", "1"),
            actor="test",
            legs=[Leg(debt.pk, -credits("105.5")), Leg(chart.LOSS, credits("105.5"))],
            plug=chart.USD_LOSS,
            now=NOW,
        )
        payout = drafted(alice)
        owed = credits("105.5")
        assert payout.amount == credits(3890)
        assert items(payout) == {"earnings": credits(4000), "debt": -owed, "carried_out": -credits("4.5")}
        assert standing.purse(creator_id=alice.pk).debt == 0


class TestGates:
    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            ("new", "onboarding_incomplete"),
            ("restricted", "transfers_inactive"),
            ("rejected", "account_ended"),
        ],
    )
    def test_it_names_what_blocks_the_account(
        self, stripe_standin: StripeStandin, state: str, reason: str
    ) -> None:
        alice = earning_creator()
        account = connect_stripe(alice, stripe_standin)
        change_account(account, stripe_standin, state=state)
        runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY)
        excluded = PayoutExclusion.objects.get(creator=alice)
        assert (excluded.reason, excluded.payable) == (reason, credits(4000))
        assert excluded.detail
        assert not Payout.objects.exists()

    def test_it_names_a_creator_that_never_connected(self) -> None:
        alice = earning_creator()
        runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY)
        assert PayoutExclusion.objects.get(creator=alice).reason == "not_connected"
        assert standing.purse(creator_id=alice.pk).payable == credits(4000)

    @pytest.mark.parametrize(("minimum", "paid"), [(401, False), (400, True)])
    def test_it_carries_over_what_is_below_the_minimum(
        self, stripe_standin: StripeStandin, minimum: int, paid: bool
    ) -> None:
        earning_creator(stripe_standin)
        with override_settings(PAYOUT_MINIMUM_CENTS=minimum):
            runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY)
        assert Payout.objects.exists() is paid
        assert PayoutExclusion.objects.filter(reason="below_minimum").exists() is not paid


class TestDue:
    def test_it_catches_up_missed_weeks_in_order(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        bob = agent_runs.make_customer("carol", credits=1000)
        earn(alice.agents.get(), bob, "later", now=NOW + dt.timedelta(days=8))
        prepared = runs.prepare_due(now=PAY_DAY_AFTER + dt.timedelta(days=3))
        assert [str(run.period_start) for run in prepared] == ["2026-03-02", "2026-03-09"]
        assert [payout.amount for payout in Payout.objects.order_by("period_start")] == [
            credits(4000),
            credits(40),
        ]
        assert runs.prepare_due(now=PAY_DAY_AFTER + dt.timedelta(days=3)) == []

    def test_it_waits_for_the_first_pay_date(self) -> None:
        earning_creator()
        assert runs.prepare_due(now=WEEK.matures_at - dt.timedelta(seconds=1)) == []


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_runs_at_once_draft_once(self, stripe_standin: StripeStandin) -> None:
        creators = [earning_creator(stripe_standin), earning_creator(stripe_standin, name="dora")]
        answers = races.race(4, lambda _: runs.prepare(period=WEEK, actor=OLIVE, now=PAY_DAY).pk)
        assert len(set(answers)) == 1, answers
        assert Payout.objects.count() == len(creators)
        assert MaturedEarning.objects.count() == len(creators)
