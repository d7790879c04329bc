"""The payout calendar, pure: weeks from Monday to Monday in UTC, each paid on the Wednesday that follows."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

WEEKLY: Final = "weekly"
WEEK: Final = dt.timedelta(days=7)
DAY: Final = dt.timedelta(days=1)
# From the Monday after the week to its Wednesday: rule 25's default window, a week matures as it is paid.
PAID_AFTER_END: Final = dt.timedelta(days=2)


@dataclass(frozen=True)
class Period:
    """A week of earnings, `[start, end)` in UTC days; `end` is the Monday after its Sunday."""

    start: dt.date
    end: dt.date

    @property
    def last_day(self) -> dt.date:
        """The Sunday that closes the week: what people are shown."""
        return self.end - DAY

    @property
    def pay_date(self) -> dt.date:
        """The Wednesday on which the week is paid."""
        return self.end + PAID_AFTER_END

    @property
    def matures_at(self) -> dt.datetime:
        """The instant from which the week's earnings may be paid."""
        return midnight(day=self.pay_date)

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


def period_of(*, day: dt.date) -> Period:
    """Find the week that holds a day."""
    start = day - dt.timedelta(days=day.weekday())
    return Period(start=start, end=start + WEEK)


def latest_payable(*, now: dt.datetime) -> Period:
    """Find the newest week whose pay date has come."""
    newest = period_of(day=utc_day(at=now) - PAID_AFTER_END)
    return period_of(day=newest.start - DAY)


def payable_since(*, day: dt.date, now: dt.datetime) -> Iterator[Period]:
    """List the weeks from the one holding `day` up to the newest whose pay date has come, oldest first."""
    period, newest = period_of(day=day), latest_payable(now=now)
    while period.start <= newest.start:
        yield period
        period = Period(start=period.end, end=period.end + WEEK)


def next_pay_date(*, now: dt.datetime) -> dt.date:
    """Find the pay date of the oldest week that is not payable yet."""
    newest = latest_payable(now=now)
    return Period(start=newest.end, end=newest.end + WEEK).pay_date
