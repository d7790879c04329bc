"""Reports read sums by day and what they lack: whatever is summed already, they say what every single run says."""

import datetime as dt
from itertools import combinations

import pytest

from billing.operations import rollups
from billing.queries import usage, wallet_pages
from payouts.queries import agent_stats, console, earnings
from payouts.queries.earnings import GroupBy
from tests.billing.rollups import world
from tests.billing.rollups.world import DAY, HOUR, LATER, World
from tests.support import raw_reports
from tests.support.runs import MONDAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

MICROSECOND = dt.timedelta(microseconds=1)
MIDNIGHT = MONDAY.replace(hour=0)
# On midnights, on a run, just after one, within days, and far away.
MOMENTS = [
    MIDNIGHT,
    MONDAY + MICROSECOND,
    MONDAY + 2 * HOUR,
    MIDNIGHT + DAY,
    LATER,
    LATER + 30 * DAY,
]


@pytest.fixture(params=["nothing", "the first days", "all"])
def runs_of_days(request: pytest.FixtureRequest) -> World:
    """The world, with so much of it summed."""
    made = world.start()
    world.first_days(made)
    if request.param != "nothing":
        assert rollups.roll_up() == 8
    world.last_days(made)
    if request.param == "all":
        assert rollups.roll_up() == 4
    return made


def test_usage_is_what_every_run_says(runs_of_days: World) -> None:
    for since, until in combinations(MOMENTS, 2):
        for whose in (runs_of_days.bob.pk, runs_of_days.carol.pk):
            for group in usage.GROUPS:
                said = usage.by(group=group, customer_id=whose, since=since, until=until)
                expected = raw_reports.usage(group, customer_id=whose, since=since, until=until)
                assert said == expected, (group, since, until)


def test_an_agents_stats_are_what_every_run_says(runs_of_days: World) -> None:
    for since, until in combinations(MOMENTS, 2):
        for agent in runs_of_days.agents:
            said = agent_stats.stats(agent=agent, since=since, until=until)
            assert said == raw_reports.stats(agent, since=since, until=until), (agent, since, until)


@pytest.mark.parametrize("group", earnings.GROUPS)
def test_earnings_are_what_every_run_says(runs_of_days: World, group: GroupBy) -> None:
    for since, until in combinations(MOMENTS, 2):
        for whose in {agent.creator_id for agent in runs_of_days.agents}:
            said = earnings.rows(creator_id=whose, since=since, until=until, group_by=group)
            expected = raw_reports.earnings(group, creator_id=whose, since=since, until=until)
            assert said == expected, (since, until)
            total = earnings.total(creator_id=whose, since=since, until=until)
            assert (total.net, total.gross) == (sum(row.net for row in said), sum(row.gross for row in said))


def test_the_operators_figures_are_what_every_run_says(runs_of_days: World) -> None:
    for now in (MONDAY, LATER):
        midnight = now.replace(hour=0)
        today = console.today(now=now)
        assert (today.runs, today.charged) == raw_reports.settled(since=midnight)
    days = dict(console.charged_per_day(now=LATER + HOUR, days=4))
    assert sum(days.values()) == raw_reports.settled(since=MIDNIGHT)[1]
    assert days[LATER.date()] == raw_reports.settled(since=LATER.replace(hour=0))[1]


def test_the_months_spending_is_what_every_run_says(runs_of_days: World) -> None:
    for customer in (runs_of_days.bob, runs_of_days.carol):
        said = wallet_pages.live(customer=customer, now=LATER).spent_month
        month = MIDNIGHT.replace(day=1)
        assert said == raw_reports.spent(customer_id=customer.pk, since=month)
