"""What a change of plan gives back and takes, line by line, before anybody agrees to it. Pure.

A plan's fee is given back by its unconsumed value: the part of its credits that is not burned, but never more than the
part of its period that is left. Time alone would refund credits that are spent (and grant them again at once); credits
alone would refund a plan that was open for use until its last day.
"""

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from billing.periods import Period

HALF: Final = Fraction(1, 2)
WHOLE: Final = Fraction(1)


@dataclass(frozen=True, slots=True)
class Held:
    """A paid period of a plan: its fee, what it granted and what of that is not burned (micros; 0: no grant)."""

    name: str
    fee_cents: int
    period: Period
    granted: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a change; money back is negative."""

    text: str
    amount_cents: int


def unconsumed_cents(*, held: Held, now: dt.datetime) -> int:
    """Give what is left of a plan's fee, half up to whole cents."""
    by_credits = Fraction(held.left, held.granted) if held.granted else WHOLE
    return _half_up(held.fee_cents * min(by_credits, time_left(period=held.period, now=now)))


def more_seats(*, seat_cents: int, seats: int, share: Fraction) -> Line:
    """Price seats added within a period for a share of a whole one, half up to whole cents."""
    told = f"{seats} more seat{'' if seats == 1 else 's'}"
    return Line(told, _half_up(seat_cents * seats * share))


def time_left(*, period: Period, now: dt.datetime) -> Fraction:
    """Give the part of a period that is still to come."""
    left = min(max(period.end - now, dt.timedelta(0)), period.length)
    microsecond = dt.timedelta(microseconds=1)
    return Fraction(left // microsecond, period.length // microsecond)


def _half_up(cents: Fraction) -> int:
    return int((cents + HALF) // 1)
