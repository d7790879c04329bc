"""W19: a monthly payout of $24.99 is carried over; $25.00 is paid. On demand, $24.99 is paid and the rest carried."""

import datetime as dt
from decimal import Decimal

import pytest

from marketplace.models import Creator
from payouts import calendar
from payouts.models import Payout, PayoutExclusion, PayoutItem
from payouts.operations import on_demand, runs, terms
from payouts.queries import standing
from tests.support import runs as agent_runs
from tests.support.creators import NOW, OLIVE, connect_stripe
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

MARCH = calendar.period_of(day=NOW.date(), schedule=calendar.MONTHLY)
APRIL = MARCH.following
# A micro of a credit a token: what is charged is as many micros as tokens are used.
A_MICRO = """
pricing:
  model: usage_based
  rates:
    - metric: input_tokens
      amount: 0.000001
"""
JUST_BELOW, ENOUGH = 24_999_876_543, 25_000_000_000


@pytest.fixture
def alice(stripe_standin: StripeStandin) -> Creator:
    creator = agent_runs.make_creator("alice")
    agent_runs.make_agent("echo", creator=creator, manifest=A_MICRO)
    agent_runs.make_customer("bob", credits=100_000)
    connect_stripe(creator, stripe_standin)
    return creator


def earn(creator: Creator, micros: int, *, now: dt.datetime) -> None:
    """Let a creator earn exactly so much: four fifths of what is charged."""
    usage = {"input_tokens": Decimal((micros * 5 + 2) // 4)}
    bob = agent_runs.make_customer(f"bob{now:%m%d}", credits=100_000)
    agent_runs.charge(creator.agents.get(), bob, f"run{now:%m%d}", usage=usage, now=now)


def choose(creator: Creator, schedule: str) -> None:
    terms.choose(creator=creator, schedule=schedule, minimum_cents=0, actor="alice", now=NOW)


def lines(payout: Payout) -> dict[str, int]:
    return dict(PayoutItem.objects.filter(payout=payout).values_list("kind", "amount"))


def test_twenty_five_dollars_are_paid_for_the_month(alice: Creator) -> None:
    choose(alice, calendar.MONTHLY)
    earn(alice, ENOUGH, now=NOW)
    (run,) = [run for run in runs.prepare_due(now=MARCH.matures_at) if run.schedule == calendar.MONTHLY]
    payout = Payout.objects.get(run=run)
    assert (payout.amount_cents, payout.amount) == (2_500, ENOUGH)
    assert (str(payout.period_start), str(payout.last_day)) == ("2026-03-01", "2026-03-31")
    assert payout.scheduled_for == dt.date(2026, 4, 3)


def test_a_cent_less_is_carried_whole_into_the_next_month(alice: Creator) -> None:
    choose(alice, calendar.MONTHLY)
    earn(alice, JUST_BELOW, now=NOW)
    runs.prepare(period=MARCH, actor=OLIVE, now=MARCH.matures_at)
    excluded = PayoutExclusion.objects.get()
    assert (excluded.reason, excluded.payable) == ("below_minimum", JUST_BELOW)
    assert excluded.detail == "$24.99 is below the minimum of $25.00; it carries over."
    assert standing.purse(creator_id=alice.pk).payable == JUST_BELOW

    earn(alice, 123_457, now=NOW + dt.timedelta(days=31))
    runs.prepare(period=APRIL, actor=OLIVE, now=APRIL.matures_at)
    payout = Payout.objects.get()
    assert (payout.amount_cents, lines(payout)["earnings"] > 0) == (2_500, True)
    assert sum(PayoutItem.objects.filter(kind="earnings").values_list("amount", flat=True)) == ENOUGH


def test_on_demand_it_is_paid_and_what_is_below_a_cent_carried(alice: Creator) -> None:
    choose(alice, calendar.ON_DEMAND)
    earn(alice, JUST_BELOW, now=NOW)
    payout = on_demand.request(creator=alice, actor="alice", now=NOW + dt.timedelta(days=3))
    assert (payout.amount_cents, payout.amount) == (2_499, 24_990_000_000)
    assert lines(payout) == {"earnings": JUST_BELOW, "carried_out": -9_876_543}
