"""W7: earnings of Monday 2026-03-02 to Sunday 2026-03-08 are paid on Wednesday 2026-03-11."""

import datetime as dt

import pytest

from payouts import calendar


@pytest.mark.parametrize("day", [dt.date(2026, 3, 2) + dt.timedelta(days=n) for n in range(7)])
def test_every_day_of_the_week_is_paid_on_the_wednesday_after(day: dt.date) -> None:
    assert calendar.period_of(day=day).pay_date == dt.date(2026, 3, 11)


@pytest.mark.parametrize(
    ("instant", "pay_date"),
    [
        ("2026-03-01T23:59:59.999999+00:00", dt.date(2026, 3, 4)),
        ("2026-03-02T00:00:00+00:00", dt.date(2026, 3, 11)),
        ("2026-03-08T23:59:59.999999+00:00", dt.date(2026, 3, 11)),
        ("2026-03-09T00:00:00+00:00", dt.date(2026, 3, 18)),
    ],
)
def test_the_week_is_half_open_to_the_microsecond(instant: str, pay_date: dt.date) -> None:
    day = calendar.utc_day(at=dt.datetime.fromisoformat(instant))
    assert calendar.period_of(day=day).pay_date == pay_date
