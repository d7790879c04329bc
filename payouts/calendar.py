"""The payout calendar, pure: weeks, months and days in UTC, each paid when its window is over.

A window counts days from a period's last one. Rule 25's window of three days ends at the pay day: a week from Monday
to Sunday is paid on the Wednesday that follows, a month on the third of the next. A longer window, of a risk tier,
moves the pay day: a week's to the first Wednesday on which it is over, a month's to the day it is over.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

WEEKLY: Final = "weekly"
MONTHLY: Final = "monthly"
ON_DEMAND: Final = "on_demand"
SCHEDULES: Final = (WEEKLY, MONTHLY, ON_DEMAND)
DAY: Final = dt.timedelta(days=1)
WEEK: Final = dt.timedelta(days=7)
# More than any month: from the first of one into the next.
INTO_NEXT_MONTH: Final = dt.timedelta(days=31)
WINDOW_DAYS: Final = 3
WEDNESDAY: Final = 2


@dataclass(frozen=True)
class Period:
    """A stretch of earnings, `[start, end)` in UTC days, with the window after which it is paid."""

    start: dt.date
    end: dt.date
    schedule: str = WEEKLY
    window: int = WINDOW_DAYS

    @property
    def last_day(self) -> dt.date:
        """The day that closes the period: what people are shown."""
        return self.end - DAY

    @property
    def pay_date(self) -> dt.date:
        """The day on which the period is paid: weeks on a Wednesday, all else as soon as the window is over."""
        over = self.last_day + DAY * self.window
        return over + DAY * ((WEDNESDAY - over.weekday()) % 7) if self.schedule == WEEKLY else over

    @property
    def matures_at(self) -> dt.datetime:
        """The instant from which the period's earnings may be paid."""
        return midnight(day=self.pay_date)

    @property
    def following(self) -> "Period":
        """The period that begins where this one ends."""
        return period_of(day=self.end, schedule=self.schedule, window=self.window)

    @property
    def preceding(self) -> "Period":
        """The period that ends where this one begins."""
        return period_of(day=self.start - DAY, schedule=self.schedule, window=self.window)

    def __contains__(self, day: dt.date) -> bool:
        return self.start <= day < self.end

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d} to {self.last_day:%Y-%m-%d}"


def midnight(*, day: dt.date) -> dt.datetime:
    """Give the instant at which a UTC day begins."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def utc_day(*, at: dt.datetime) -> dt.date:
    """Name the UTC day of an instant."""
    return at.astimezone(dt.UTC).date()


def period_of(*, day: dt.date, schedule: str = WEEKLY, window: int = WINDOW_DAYS) -> Period:
    """Find the week, the month, or on demand the day, that holds a day."""
    if schedule == WEEKLY:
        start = day - DAY * day.weekday()
        return Period(start, start + WEEK, schedule, window)
    if schedule == MONTHLY:
        start = day.replace(day=1)
        return Period(start, (start + INTO_NEXT_MONTH).replace(day=1), schedule, window)
    return Period(day, day + DAY, schedule, window)


def latest_payable(*, now: dt.datetime, schedule: str = WEEKLY, window: int = WINDOW_DAYS) -> Period:
    """Find the newest period whose pay date has come."""
    today = utc_day(at=now)
    period = period_of(day=today - DAY * window, schedule=schedule, window=window)
    while period.pay_date > today:
        period = period.preceding
    return period


def payable_since(
    *, day: dt.date, now: dt.datetime, schedule: str = WEEKLY, window: int = WINDOW_DAYS
) -> Iterator[Period]:
    """List the periods from the one holding `day` up to the newest whose pay date has come, oldest first."""
    period = period_of(day=day, schedule=schedule, window=window)
    newest = latest_payable(now=now, schedule=schedule, window=window)
    while period.start <= newest.start:
        yield period
        period = period.following


def next_payable(*, now: dt.datetime, schedule: str = WEEKLY, window: int = WINDOW_DAYS) -> Period:
    """Find the oldest period whose pay date has not come."""
    return latest_payable(now=now, schedule=schedule, window=window).following


def next_pay_date(*, now: dt.datetime, schedule: str = WEEKLY, window: int = WINDOW_DAYS) -> dt.date:
    """Find the pay date of the oldest period that is not payable yet."""
    return next_payable(now=now, schedule=schedule, window=window).pay_date
