"""On which terms a creator is paid: schedule, minimum, tier; a change neither loses nor doubles a day."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.kit.errors import InvalidInputError
from marketplace.models import Creator
from payouts import calendar, terms_text
from payouts.models import CreatorTermsChange, MaturedEarning, Payout, PayoutItem, RiskTier
from payouts.operations import approvals, on_demand, runs, sending, terms
from payouts.queries import creator_pages, standing
from payouts.queries import terms as agreed
from tests.support import races
from tests.support import runs as agent_runs
from tests.support.creators import NOW, OLIVE, PAY_DAY, WEEK, connect_stripe, earn, earning_creator
from tests.support.processes import StripeStandin
from tests.support.runs import credits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

DAY = dt.timedelta(days=1)


def choose(creator: Creator, schedule: str, *, cents: int = 0, now: dt.datetime = NOW) -> None:
    terms.choose(creator=creator, schedule=schedule, minimum_cents=cents, actor="alice", now=now)


def to_tier(creator: Creator, slug: str, *, now: dt.datetime = NOW) -> None:
    tier = RiskTier.objects.get(slug=slug)
    terms.set_tier(creator=creator, tier=tier, actor=OLIVE, reason="A test", now=now)


class TestChoose:
    def test_it_is_weekly_from_a_cent_on_until_something_is_chosen(self) -> None:
        found = agreed.of(creator_id=agent_runs.make_creator().pk)
        assert (found.schedule, found.window_days, found.reserve_bp, found.least_cents) == ("weekly", 3, 0, 1)

    def test_it_keeps_a_line_of_history_for_each_change(self) -> None:
        alice = agent_runs.make_creator()
        choose(alice, "monthly", cents=5_000)
        to_tier(alice, "watched")
        lines = CreatorTermsChange.objects.order_by("id")
        told = lines.values_list("schedule", "minimum_cents", "tier__slug", "actor")
        assert list(told) == [("monthly", 5_000, "standard", "alice"), ("monthly", 5_000, "watched", OLIVE)]
        assert agreed.of(creator_id=alice.pk).least_cents == 5_000

    @pytest.mark.parametrize(
        ("schedule", "cents"), [("daily", 0), ("", 0), ("monthly", 2_499), ("on_demand", 99)]
    )
    def test_it_refuses_what_is_no_schedule_and_a_minimum_below_the_platforms(
        self, schedule: str, cents: int
    ) -> None:
        alice = agent_runs.make_creator()
        with pytest.raises(InvalidInputError):
            choose(alice, schedule, cents=cents)
        assert not CreatorTermsChange.objects.exists()


class TestAChangeOfSchedule:
    def test_it_neither_loses_nor_doubles_a_day(self, stripe_standin: StripeStandin) -> None:
        """June 2026 begins on a Monday: a week and the month begin on one day."""
        alice = agent_runs.make_creator("alice")
        agent = agent_runs.make_agent("echo", creator=alice)
        bob = agent_runs.make_customer("bob", credits=1_000_000)
        connect_stripe(alice, stripe_standin)
        stripe_standin.post("/_sim/balance/topup", amount=10_000_000)
        start, days = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC), 75
        changes = {10: "monthly", 36: "weekly", 45: "on_demand", 52: "monthly", 66: "weekly"}
        for number in range(days + 20):
            now = start + DAY * number
            if number < days:
                earn(agent, bob, f"day{number}", requests=number + 1, now=now)
            if number in changes:
                choose(alice, changes[number], cents=2_500 if changes[number] == "monthly" else 0, now=now)
            if number == 50:
                on_demand.request(creator=alice, actor="alice", now=now)
            runs.mature_on_demand(now=now)
            runs.prepare_due(now=now)
            approvals.approve(payouts=Payout.objects.filter(state="draft"), actor=OLIVE, now=now)
            sending.send_approved(now=now)
        earned = credits(40) * days * (days + 1) // 2
        assert sum(Payout.objects.filter(state="sent").values_list("amount", flat=True)) == earned
        lines = PayoutItem.objects.filter(kind="earnings", live=True).values_list("day", flat=True)
        assert sorted(lines, key=str) == [(start + DAY * number).date() for number in range(days)]
        assert set(Payout.objects.values_list("run__schedule", flat=True)) == set(calendar.SCHEDULES)


class TestTiers:
    def test_a_longer_window_moves_the_pay_day_and_the_page_says_so(
        self, stripe_standin: StripeStandin
    ) -> None:
        alice, dora = earning_creator(stripe_standin), earning_creator(stripe_standin, name="dora")
        to_tier(alice, "watched")
        assert [run.scheduled_for.day for run in runs.prepare_due(now=PAY_DAY)] == [11]
        assert [payout.creator_id for payout in Payout.objects.all()] == [dora.pk]
        later = calendar.period_of(day=NOW.date(), window=10)
        assert later.pay_date == dt.date(2026, 3, 18)
        runs.prepare_due(now=later.matures_at)
        payout = Payout.objects.get(creator=alice)
        assert (payout.period_start, payout.scheduled_for) == (WEEK.start, later.pay_date)
        when = creator_pages.terms_shown(creator=alice).when
        assert "the first Wednesday that is 10 days or more after their Sunday" in when

    def test_w7_holds_for_all_others(self) -> None:
        tier = RiskTier.objects.get(slug=RiskTier.STANDARD)
        assert (tier.window_days, tier.reserve_bp) == (calendar.WINDOW_DAYS, 0)
        assert calendar.period_of(day=NOW.date(), window=tier.window_days).pay_date == dt.date(2026, 3, 11)
        assert terms_text.reserve(share_bp=1_050, days=30).startswith("10.5 %")


class TestOnDemand:
    def test_it_matures_day_by_day_and_pays_when_asked(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        choose(alice, "on_demand")
        with CaptureQueriesContext(connection) as asked:
            assert runs.mature_on_demand(now=NOW + DAY * 2) == 0
        assert not [
            query for query in asked if "marketplace_creator" in query["sql"] and " FOR " in query["sql"]
        ]
        with pytest.raises(on_demand.NothingToPayError):
            on_demand.request(creator=alice, actor="alice", now=NOW + DAY * 2)
        assert runs.mature_on_demand(now=NOW + DAY * 3) == credits(4_000)
        assert MaturedEarning.objects.get().day == NOW.date()
        payout = on_demand.request(creator=alice, actor="alice", now=NOW + DAY * 3)
        again = on_demand.request(creator=alice, actor="alice", now=NOW + DAY * 3 + dt.timedelta(hours=2))
        assert (payout.amount_cents, payout.scheduled_for, again.pk) == (400, dt.date(2026, 3, 5), payout.pk)
        assert runs.prepare_due(now=PAY_DAY)[0].payouts.count() == 0

    def test_it_refuses_who_is_paid_by_the_calendar_and_says_what_blocks(
        self, stripe_standin: StripeStandin
    ) -> None:
        alice = earning_creator(requests=1)
        with pytest.raises(on_demand.NotOnDemandError):
            on_demand.request(creator=alice, actor="alice", now=PAY_DAY)
        choose(alice, "on_demand")
        with pytest.raises(on_demand.NothingToPayError, match="not connected"):
            on_demand.request(creator=alice, actor="alice", now=PAY_DAY)
        connect_stripe(alice, stripe_standin)
        with pytest.raises(on_demand.NothingToPayError, match=r"\$0\.04 is below the minimum of \$1\.00"):
            on_demand.request(creator=alice, actor="alice", now=PAY_DAY)


@pytest.mark.django_db(transaction=True)
def test_requests_and_runs_at_once_draft_once(stripe_standin: StripeStandin) -> None:
    alice = earning_creator(stripe_standin)
    choose(alice, "on_demand")

    def step(number: int) -> object:
        if number % 2:
            return on_demand.request(creator=alice, actor="alice", now=PAY_DAY).pk
        return runs.mature_on_demand(now=PAY_DAY)

    answers = races.race(6, step)
    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    assert Payout.objects.get().amount == credits(4_000)
    assert standing.purse(creator_id=alice.pk).payable == credits(4_000)
