import datetime as dt
import itertools
from calendar import monthrange

import pytest

from payouts import calendar

FIRST, LAST = dt.date(2020, 1, 1), dt.date(2032, 12, 31)
EVERY_DAY = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def at(day: dt.date, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute, second, micro), dt.UTC)


class TestPeriodOf:
    def test_it_runs_from_monday_to_sunday_and_is_paid_the_wednesday_after(self) -> None:
        for day in EVERY_DAY:
            period = calendar.period_of(day=day)
            assert day in period
            assert period.start.isoweekday() == 1
            assert period.last_day.isoweekday() == 7
            assert period.pay_date.isoweekday() == 3
            assert (period.pay_date - period.last_day).days == 3

    def test_it_counts_every_day_in_exactly_one_week(self) -> None:
        periods = sorted({calendar.period_of(day=day) for day in EVERY_DAY}, key=lambda p: p.start)
        assert sum((p.end - p.start).days for p in periods) == 7 * len(periods)
        assert all(one.end == other.start for one, other in itertools.pairwise(periods))

    def test_it_leaves_out_the_monday_after(self) -> None:
        period = calendar.period_of(day=dt.date(2026, 3, 8))
        assert dt.date(2026, 3, 9) not in period
        assert dt.date(2026, 3, 1) not in period


class TestUtcDay:
    def test_it_reads_an_instant_in_utc(self) -> None:
        tokyo = dt.timezone(dt.timedelta(hours=9))
        assert calendar.utc_day(at=dt.datetime(2026, 3, 9, 8, 59, tzinfo=tokyo)) == dt.date(2026, 3, 8)


class TestLatestPayable:
    @pytest.mark.parametrize(
        ("now", "start"),
        [
            (at(dt.date(2026, 3, 10), 23, 59, 59, 999_999), dt.date(2026, 2, 23)),
            (at(dt.date(2026, 3, 11)), dt.date(2026, 3, 2)),
            (at(dt.date(2026, 3, 17), 23, 59, 59, 999_999), dt.date(2026, 3, 2)),
            (at(dt.date(2026, 3, 18)), dt.date(2026, 3, 9)),
        ],
    )
    def test_it_turns_over_at_wednesday_midnight(self, now: dt.datetime, start: dt.date) -> None:
        assert calendar.latest_payable(now=now).start == start

    def test_it_pays_every_week_exactly_once_over_thirteen_years(self) -> None:
        paid: dict[calendar.Period, dt.date] = {}
        for day in EVERY_DAY:
            paid.setdefault(calendar.latest_payable(now=at(day, 12)), day)
        dates = list(paid.items())[1:]
        assert all(period.pay_date == day for period, day in dates)
        assert len(dates) == (LAST - dt.date(2020, 1, 8)).days // 7 + 1

    def test_it_agrees_with_the_next_pay_date(self) -> None:
        for day in EVERY_DAY:
            ahead = calendar.next_pay_date(now=at(day)) - day
            assert dt.timedelta(0) < ahead <= dt.timedelta(days=7)


class TestPayableSince:
    def test_it_lists_missed_weeks_oldest_first(self) -> None:
        weeks = list(calendar.payable_since(day=dt.date(2026, 2, 20), now=at(dt.date(2026, 3, 11))))
        assert [week.start for week in weeks] == [
            dt.date(2026, 2, 16),
            dt.date(2026, 2, 23),
            dt.date(2026, 3, 2),
        ]

    def test_it_lists_none_before_the_first_pay_date(self) -> None:
        assert list(calendar.payable_since(day=dt.date(2026, 3, 2), now=at(dt.date(2026, 3, 10)))) == []


KINDS = [
    *((calendar.WEEKLY, 3), (calendar.WEEKLY, 10), (calendar.MONTHLY, 3), (calendar.MONTHLY, 17)),
    (calendar.ON_DEMAND, 3),
]


@pytest.mark.parametrize(("schedule", "window"), KINDS)
class TestEverySchedule:
    """2020 to 2032, day by day: leap years, year ends, months of every length that begin on every weekday."""

    def test_it_counts_every_day_in_exactly_one_period(self, schedule: str, window: int) -> None:
        periods = list(
            dict.fromkeys(calendar.period_of(day=day, schedule=schedule, window=window) for day in EVERY_DAY)
        )
        assert all(one.end == other.start for one, other in itertools.pairwise(periods))
        assert all(
            one.following == other and other.preceding == one for one, other in itertools.pairwise(periods)
        )
        assert sum((period.end - period.start).days for period in periods) >= len(EVERY_DAY)
        for period in periods:
            late = (period.pay_date - period.last_day).days
            assert window <= late < window + (7 if schedule == calendar.WEEKLY else 1)
            if schedule == calendar.MONTHLY:
                assert (period.start.day, period.end.day) == (1, 1)
                assert (period.end - period.start).days == monthrange(period.start.year, period.start.month)[
                    1
                ]

    def test_it_pays_every_period_once_on_its_day(self, schedule: str, window: int) -> None:
        paid: dict[calendar.Period, dt.date] = {}
        for day in EVERY_DAY:
            newest = calendar.latest_payable(now=at(day, 12), schedule=schedule, window=window)
            paid.setdefault(newest, day)
            coming = calendar.next_payable(now=at(day, 12), schedule=schedule, window=window)
            assert coming == newest.following
            assert newest.pay_date <= day < coming.pay_date
        turns = list(paid.items())[1:]
        assert all(period.pay_date == day for period, day in turns)
        assert all(one.following == other for (one, _), (other, _) in itertools.pairwise(turns))


@pytest.mark.parametrize(
    ("month", "last", "pay_date"),
    [
        ("2028-02-01", "2028-02-29", "2028-03-03"),
        ("2026-02-01", "2026-02-28", "2026-03-03"),
        ("2026-12-01", "2026-12-31", "2027-01-03"),
    ],
)
def test_a_month_is_half_open_to_the_microsecond(month: str, last: str, pay_date: str) -> None:
    period = calendar.period_of(day=dt.date.fromisoformat(month), schedule=calendar.MONTHLY)
    assert (str(period.last_day), str(period.pay_date)) == (last, pay_date)
    assert calendar.utc_day(at=calendar.midnight(day=period.end) - dt.timedelta(microseconds=1)) in period
    assert calendar.utc_day(at=calendar.midnight(day=period.end)) not in period
