"""How the events of a period become a quantity. Pure; the order in which events come does not matter.

`latest` is the value that holds when the period ends, `time_weighted` the mean of a level over the period, each value
counting for as long as it held (GB held for a month are GB-months); both begin with what held before. Of two readings
at one instant the one with the greater key is the later.
"""

import datetime as dt
import enum
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, assert_never

from billing.periods import Period

ZERO: Final = Decimal(0)
PLACES: Final = 9
INSTANT: Final = dt.timedelta(microseconds=1)


class Aggregation(enum.StrEnum):
    """How many readings become one quantity."""

    COUNT = "count"
    SUM = "sum"
    MAX = "max"
    UNIQUE = "unique"
    LATEST = "latest"
    TIME_WEIGHTED = "time_weighted"

    @property
    def goes_on(self) -> bool:
        """Tell whether a value holds until the next one, across periods too."""
        return self in {Aggregation.LATEST, Aggregation.TIME_WEIGHTED}

    @property
    def is_level(self) -> bool:
        """Tell whether values stand beside one another, rather than adding up."""
        return self.goes_on or self is Aggregation.MAX


@dataclass(frozen=True, slots=True)
class Reading:
    """What an event says to a meter, as text; nothing where it is only counted."""

    at: dt.datetime
    key: tuple[str, str]
    value: str = ""


def aggregate(
    *, aggregation: Aggregation, readings: Iterable[Reading], period: Period, before: Decimal = ZERO
) -> Decimal:
    """Give the quantity of a period from its readings; `before` is the value that held when it began."""
    match aggregation:
        case Aggregation.COUNT:
            return Decimal(sum(1 for _ in readings))
        case Aggregation.SUM:
            return _sum(readings)
        case Aggregation.MAX:
            return max((Decimal(reading.value) for reading in readings), default=ZERO)
        case Aggregation.UNIQUE:
            return Decimal(len({reading.value for reading in readings}))
        case Aggregation.LATEST:
            last = max(readings, key=_place, default=None)
            return before if last is None else Decimal(last.value)
        case Aggregation.TIME_WEIGHTED:
            return _mean(sorted(readings, key=_place), period, before)
        case _:
            assert_never(aggregation)


def _place(reading: Reading) -> tuple[dt.datetime, tuple[str, str]]:
    return reading.at, reading.key


def _sum(readings: Iterable[Reading]) -> Decimal:
    # Fractions add exactly, however many digits there are.
    return _decimal(sum((Fraction(reading.value) for reading in readings), Fraction(0)))


def _mean(readings: list[Reading], period: Period, before: Decimal) -> Decimal:
    held, since, area = Fraction(before), period.start, Fraction(0)
    for reading in readings:
        area += held * ((reading.at - since) // INSTANT)
        held, since = Fraction(reading.value), reading.at
    area += held * ((period.end - since) // INSTANT)
    return _decimal(area / (period.length // INSTANT))


def _decimal(exact: Fraction) -> Decimal:
    """Round half up to what a quantity has places for."""
    scaled = exact * 10**PLACES
    return Decimal((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)).scaleb(-PLACES)
