"""Periods of a subscription, half-open and one after the other: by the calendar or from its anniversary. Pure.

Boundaries are made in the subscription's zone and told as instants: a month that lacks the day ends on its last one, an
hour that a clock change skips becomes the hour after, and one that it repeats is its first. The n-th boundary is
counted from the anchor, never from the boundary before, so that a short February does not shorten what follows.
"""

import calendar
import datetime as dt
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

MONTHS_A_YEAR: Final = 12


class Interval(enum.StrEnum):
    """How long a period is."""

    MONTH = "month"
    YEAR = "year"

    @property
    def months(self) -> int:
        """Give its length in months."""
        return MONTHS_A_YEAR if self is Interval.YEAR else 1


class Alignment(enum.StrEnum):
    """Where periods begin: on the day the subscription did, or with the calendar's month or year."""

    ANNIVERSARY = "anniversary"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, `[start, end)`."""

    start: dt.datetime
    end: dt.datetime

    def __contains__(self, at: dt.datetime) -> bool:
        return self.start <= at < self.end

    @property
    def length(self) -> dt.timedelta:
        """Give how long it lasts, clock changes counted."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Cycle:
    """A subscription's rhythm; `anchor` is the instant it began, `zone` an IANA name pinned then."""

    anchor: dt.datetime
    interval: Interval = Interval.MONTH
    alignment: Alignment = Alignment.ANNIVERSARY
    zone: str = "UTC"

    def period(self, number: int) -> Period:
        """Give the period of a number, from 0; by the calendar the first one is what is left of its month or year."""
        return Period(self._boundary(number), self._boundary(number + 1))

    def period_at(self, at: dt.datetime) -> tuple[int, Period]:
        """Give the number and the period that hold an instant; raise ValueError before the anchor."""
        if at < self.anchor:
            raise ValueError("the subscription had not begun")
        began, local = self.anchor.astimezone(ZoneInfo(self.zone)), at.astimezone(ZoneInfo(self.zone))
        months = (local.year - began.year) * MONTHS_A_YEAR + local.month - began.month
        # Never more than one off: boundaries of two numbers are at least 28 days apart.
        number = max(months // self.interval.months - 1, 0)
        while self._boundary(number + 1) <= at:
            number += 1
        return number, self.period(number)

    def periods(self, *, until: dt.datetime) -> Iterator[Period]:
        """List the periods that begin before an instant."""
        number = 0
        while (period := self.period(number)).start < until:
            yield period
            number += 1

    def share(self, number: int) -> Fraction:
        """Give how much of a whole month or year a period is: 1, but for the first one by the calendar."""
        if number > 0 or self.alignment is Alignment.ANNIVERSARY:
            return Fraction(1)
        local = self.anchor.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        began, first = _instant(_calendar_start(local, self.interval), self.zone), self.period(0)
        microsecond = dt.timedelta(microseconds=1)
        return Fraction(first.length // microsecond, (first.end - began) // microsecond)

    def _boundary(self, number: int) -> dt.datetime:
        if number == 0:
            return self.anchor
        local = self.anchor.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        if self.alignment is Alignment.CALENDAR:
            local = _calendar_start(local, self.interval)
        return _instant(_months_later(local, number * self.interval.months), self.zone)


def month_after(*, start: dt.datetime) -> dt.datetime:
    """Give the moment a month later, in UTC; a day the month lacks becomes its last (31 January: 28 February)."""
    return Cycle(start).period(0).end


def _calendar_start(local: dt.datetime, interval: Interval) -> dt.datetime:
    month = 1 if interval is Interval.YEAR else local.month
    return local.replace(month=month, day=1, hour=0, minute=0, second=0, microsecond=0)


def _months_later(local: dt.datetime, months: int) -> dt.datetime:
    years, month = divmod(local.month - 1 + months, MONTHS_A_YEAR)
    year, month = local.year + years, month + 1
    return local.replace(year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1]))


def _instant(local: dt.datetime, zone: str) -> dt.datetime:
    # fold=0 reads a skipped hour with the offset before the change: the hour after it, as people expect.
    return local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(dt.UTC)
