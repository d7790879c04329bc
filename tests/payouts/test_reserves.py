"""The rolling reserve, days that fell short, and the statement that tells of both."""

import datetime as dt

import pytest

from billing.operations import posting
from marketplace.models import Creator
from payouts import calendar
from payouts.models import MaturedEarning, Payout, PayoutItem, ReserveHold, RiskTier
from payouts.operations import reserves, runs, terms
from payouts.queries import standing, statements
from tests.support import races
from tests.support import runs as agent_runs
from tests.support.creators import NOW, OLIVE, earn, earning_creator
from tests.support.processes import StripeStandin
from tests.support.runs import credits
from wallets import chart
from wallets.ledger import Leg, Source, post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

DAY = dt.timedelta(days=1)
PERIOD = calendar.period_of(day=NOW.date(), window=10)
THEN = PERIOD.matures_at
RELEASE = THEN + DAY * 30


def watched(creator: Creator) -> None:
    tier = RiskTier.objects.get(slug="watched")  # 10 % for 30 days
    terms.set_tier(creator=creator, tier=tier, actor=OLIVE, reason="A test", now=NOW)


def pull(creator: Creator, kind: str, amount: int, name: str) -> None:
    """Take of a creator's wallet what a refund would."""
    wallet = standing.purse(creator_id=creator.pk).wallets[kind]
    legs = [Leg(wallet, -amount), Leg(chart.LOSS, amount)]
    post(kind="write_off", source=Source("test", name), actor="test", legs=legs, plug=chart.USD_LOSS, now=NOW)


def items(payout: Payout) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in PayoutItem.objects.filter(payout=payout):
        found[item.kind] = found.get(item.kind, 0) + item.amount
    return found


@pytest.fixture
def alice(stripe_standin: StripeStandin) -> Creator:
    """Earned 4,000 credits on Monday, 80 on Tuesday; watched."""
    creator = earning_creator(stripe_standin)
    earn(
        creator.agents.get(),
        agent_runs.make_customer("carol", credits=1_000),
        "tue",
        requests=2,
        now=NOW + DAY,
    )
    watched(creator)
    return creator


def test_it_holds_a_tenth_back_for_thirty_days_and_lets_it_go_once(alice: Creator) -> None:
    runs.prepare(period=PERIOD, actor=OLIVE, now=THEN)
    first = Payout.objects.get()
    assert items(first) == {
        "earnings": credits(4_080),
        "reserve_held": -credits(408),
        "carried_out": -credits(2),
    }
    purse = standing.purse(creator_id=alice.pk)
    assert (purse.pending, purse.reserve, purse.payable) == (0, credits(408), credits(3_672))
    assert set(ReserveHold.objects.values_list("day", "amount", "release_at")) == {
        (NOW.date(), credits(400), RELEASE),
        ((NOW + DAY).date(), credits(8), RELEASE),
    }
    assert reserves.release_due(now=RELEASE - dt.timedelta(microseconds=1)) == 0
    assert reserves.release_due(now=RELEASE) == credits(408)
    assert reserves.release_due(now=RELEASE + DAY) == 0
    runs.prepare(period=calendar.latest_payable(now=RELEASE, window=10), actor=OLIVE, now=RELEASE)
    again = Payout.objects.latest("id")
    assert items(again) == {"carried_in": credits(2), "reserve_released": credits(408)}
    assert not list(statements.problems(statement=again.statement))


def test_what_was_pulled_of_it_is_borne_by_the_oldest(alice: Creator) -> None:
    runs.prepare(period=PERIOD, actor=OLIVE, now=THEN)
    later = PERIOD.following
    earn(
        alice.agents.get(),
        agent_runs.make_customer("erin", credits=1_000),
        "next",
        requests=10,
        now=NOW + DAY * 7,
    )
    runs.prepare(period=later, actor=OLIVE, now=later.matures_at)
    assert standing.purse(creator_id=alice.pk).reserve == credits(448)
    pull(alice, chart.RESERVE, credits(403), "refund")
    assert reserves.release_due(now=RELEASE) == credits(5)
    assert list(ReserveHold.objects.order_by("day").values_list("released", flat=True)) == [0, credits(5), 0]
    assert standing.purse(creator_id=alice.pk).reserve == credits(40)
    assert reserves.release_due(now=later.matures_at + DAY * 30) == credits(40)


def test_a_day_matures_what_pending_still_holds_and_the_statement_says_refunds(alice: Creator) -> None:
    posting.drain_clearing(before=THEN, now=THEN)
    pull(alice, chart.PENDING, credits(100), "refund")
    runs.prepare(period=PERIOD, actor=OLIVE, now=THEN)
    shorts = MaturedEarning.objects.order_by("day").values_list("amount", "short")
    assert list(shorts) == [(credits(4_000), credits(20)), (credits(80), credits(80))]
    told = items(Payout.objects.get())
    assert (told["earnings"], told["refunds"]) == (credits(4_080), -credits(100))
    assert told["reserve_held"] == -credits(398)
    assert sum(told.values()) == Payout.objects.get().amount


def test_a_pull_of_what_was_payable_stands_on_the_next_statement(alice: Creator) -> None:
    runs.prepare(period=PERIOD, actor=OLIVE, now=THEN)
    pull(alice, chart.PAYABLE, credits("1.5"), "refund")
    earn(
        alice.agents.get(),
        agent_runs.make_customer("erin", credits=1_000),
        "next",
        requests=10,
        now=NOW + DAY * 7,
    )
    runs.prepare(period=PERIOD.following, actor=OLIVE, now=PERIOD.following.matures_at)
    told = items(Payout.objects.latest("id"))
    assert told == {
        "carried_in": credits(2),
        "earnings": credits(400),
        "refunds": -credits("1.5"),
        "reserve_held": -credits(40),
        "carried_out": -credits("0.5"),
    }


def test_what_is_put_back_later_becomes_payable_once(alice: Creator) -> None:
    """A dispute is won after the day it took of has matured, and after the hold was let go."""
    posting.drain_clearing(before=THEN, now=THEN)
    pull(alice, chart.PENDING, credits(100), "dispute")
    runs.prepare(period=PERIOD, actor=OLIVE, now=THEN)
    pull(alice, chart.RESERVE, credits(50), "another")
    assert reserves.release_due(now=RELEASE) == credits(348)
    before = standing.purse(creator_id=alice.pk).payable
    pull(alice, chart.PENDING, -credits(100), "won")
    pull(alice, chart.RESERVE, -credits(50), "won too")
    later = calendar.latest_payable(now=RELEASE, window=10)
    for _ in range(2):
        runs.prepare(period=later, actor=OLIVE, now=RELEASE)
    purse = standing.purse(creator_id=alice.pk)
    assert (purse.pending, purse.reserve, purse.payable) == (0, 0, before + credits(150))
    payout = Payout.objects.latest("id")
    assert items(payout)["refunds"] == credits(150)
    assert not list(statements.problems(statement=payout.statement))


@pytest.mark.django_db(transaction=True)
def test_releases_at_once_let_go_once(stripe_standin: StripeStandin) -> None:
    creator = earning_creator(stripe_standin)
    watched(creator)
    runs.prepare(period=PERIOD, actor=OLIVE, now=THEN)
    answers = races.race(4, lambda _: reserves.release_due(now=RELEASE))
    assert sorted(answers, key=str) == [0, 0, 0, credits(400)]
