"""billing.periods: month ends, leap days, clock changes, calendar months, and every year to 2032."""

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.periods import Alignment, Cycle, Interval, month_after

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu")
END = dt.datetime(2033, 1, 1, tzinfo=dt.UTC)
CYCLES = st.builds(
    Cycle,
    anchor=st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2028, 12, 31)).map(
        lambda at: at.replace(tzinfo=dt.UTC)
    ),
    interval=st.sampled_from(Interval),
    alignment=st.sampled_from(Alignment),
    zone=st.sampled_from(ZONES),
)


def local(cycle: Cycle, number: int) -> str:
    return f"{cycle.period(number).start.astimezone(ZoneInfo(cycle.zone)):%Y-%m-%d %H:%M}"


def at(text: str, zone: str = "UTC") -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def test_a_month_that_lacks_the_day_ends_on_its_last_and_the_next_keeps_the_day() -> None:
    cycle = Cycle(at("2027-01-31 10:00"))

    assert [local(cycle, n) for n in range(5)] == [
        "2027-01-31 10:00",
        "2027-02-28 10:00",
        "2027-03-31 10:00",
        "2027-04-30 10:00",
        "2027-05-31 10:00",
    ]


def test_a_leap_day_comes_back_in_leap_years_only() -> None:
    cycle = Cycle(at("2028-02-29"), Interval.YEAR)

    assert [local(cycle, n)[:10] for n in range(5)] == [
        "2028-02-29",
        "2029-02-28",
        "2030-02-28",
        "2031-02-28",
        "2032-02-29",
    ]


def test_the_first_calendar_month_is_what_is_left_of_it() -> None:
    cycle = Cycle(at("2026-03-20 15:00"), alignment=Alignment.CALENDAR)

    assert [local(cycle, n) for n in range(3)] == ["2026-03-20 15:00", "2026-04-01 00:00", "2026-05-01 00:00"]


def test_a_calendar_year_begins_in_january_where_the_customer_lives() -> None:
    cycle = Cycle(at("2026-12-31 23:30"), Interval.YEAR, Alignment.CALENDAR, "Europe/Berlin")

    # In Berlin it is 2027 already.
    assert [local(cycle, n) for n in range(2)] == ["2027-01-01 00:30", "2028-01-01 00:00"]


def test_an_hour_that_is_skipped_becomes_the_hour_after_and_the_next_month_keeps_its_own() -> None:
    # In Berlin 2026-03-29 goes from 02:00 to 03:00.
    cycle = Cycle(at("2026-02-28 02:30", "Europe/Berlin"), zone="Europe/Berlin")
    skipped = Cycle(at("2026-01-29 02:30", "Europe/Berlin"), zone="Europe/Berlin")

    assert local(cycle, 1) == "2026-03-28 02:30"
    assert [local(skipped, n) for n in (1, 2, 3)] == [
        "2026-02-28 02:30",
        "2026-03-29 03:30",
        "2026-04-29 02:30",
    ]


def test_an_hour_that_comes_twice_is_its_first() -> None:
    # In Berlin 2026-10-25 has 02:30 twice; the first is 00:30 in UTC.
    cycle = Cycle(at("2026-09-25 02:30", "Europe/Berlin"), zone="Europe/Berlin")

    assert cycle.period(1).start == at("2026-10-25 00:30")


def test_a_day_that_a_zone_skips_loses_nothing() -> None:
    # Samoa went from 2011-12-29 to 2011-12-31.
    cycle = Cycle(at("2011-11-30 12:00", "Pacific/Apia"), zone="Pacific/Apia")

    assert local(cycle, 1) == "2011-12-31 12:00"
    assert local(cycle, 2) == "2012-01-30 12:00"


@given(cycle=CYCLES)
def test_periods_follow_one_another_without_gap_or_overlap_to_2032(cycle: Cycle) -> None:
    periods = list(cycle.periods(until=END))

    assert periods[0].start == cycle.anchor
    assert periods[-1].end >= END
    assert all(one.end == other.start for one, other in itertools.pairwise(periods))
    assert all(period.start < period.end for period in periods)
    assert all(period.length > dt.timedelta(days=27, hours=20) for period in periods[1:])


@given(cycle=CYCLES, after=st.timedeltas(dt.timedelta(0), dt.timedelta(days=6 * 365)))
def test_each_instant_lies_in_exactly_one_period(cycle: Cycle, after: dt.timedelta) -> None:
    moment = cycle.anchor + after

    number, period = cycle.period_at(moment)

    assert moment in period
    assert cycle.period(number) == period
    assert moment not in cycle.period(number + 1)


def test_nothing_lies_before_the_beginning() -> None:
    with pytest.raises(ValueError, match="had not begun"):
        Cycle(at("2026-03-20")).period_at(at("2026-03-19"))


def test_a_month_after_a_moment_keeps_its_day_and_hour() -> None:
    assert month_after(start=at("2026-01-31 23:59")) == at("2026-02-28 23:59")
