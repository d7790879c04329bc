"""What usage costs: prices and readings in, an amount and the lines that explain it out. Pure and exact.

Lines are micros of the version's unit, half up. The amount is the exact sum rounded half up, once, to the version's
quantum (one micro unless it says otherwise) and never below its minimum; what those two add or take stands in
lines of their own, so the lines always make the amount.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billing.rating.components import Part, parts
from billing.rating.exact import ONE, ZERO, to_micros, total
from billing.rating.quantities import METRICS_MAX, check_quantity
from config.kit.errors import InvalidInputError
from marketplace.terms import PriceTerms
from wallets.money import MICRO, Micros

# 10^12 credits: far above any run, far below the end of a bigint of micros.
AMOUNT_MAX: Final = 10**12 * MICRO
# A run is one request unless its usage says otherwise (mission rows T6, W2).
REQUEST: Final = "request"
MINIMUM_LINE: Final = "minimum"
ROUNDING_LINE: Final = "rounding"
NOTHING_STATED: Final[Mapping[str, Decimal]] = {}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a charge; `rate` is in the version's unit, `tier` says what set it where that is not plain."""

    metric: str
    quantity: Decimal
    rate: Decimal
    amount: Micros
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a run used of one metric, and what its lines came to before the charge was closed."""

    metric: str
    quantity: Decimal
    amount: Micros


@dataclass(frozen=True, slots=True)
class Rated:
    """A charge, why it is that much, and what was used."""

    amount: Micros
    lines: tuple[Line, ...]
    readings: tuple[Reading, ...]


def rate(
    *,
    prices: Iterable[PriceTerms],
    usage: Mapping[str, Decimal],
    minimum: int,
    quantum: int,
    stated: Mapping[str, Decimal] = NOTHING_STATED,
) -> Rated:
    """Rate one run or one period; a metric without a price stays as a reading that costs nothing.

    `stated` names the unit prices that came with the usage. Raises InvalidInputError for a quantity that is
    negative, not finite, too large or too fine, for a stated price out of bounds, and for a charge beyond AMOUNT_MAX.
    """
    readings = {metric: check_quantity(metric=metric, quantity=value) for metric, value in usage.items()}
    if len(readings) > METRICS_MAX:
        raise InvalidInputError(f"usage has more than {METRICS_MAX} metrics")
    found = [part for price in prices for part in _priced(price, readings, stated)]
    priced = {part.metric for part in found}
    found += [Part(metric, value, ZERO) for metric, value in readings.items() if metric not in priced]
    lines = [Line(p.metric, p.quantity, p.rate, to_micros(p.amount), p.tier) for p in found]
    amount = to_micros(total([part.amount for part in found]), quantum=quantum)
    return Rated(
        Micros(max(amount, minimum)),
        (*lines, *_closing(lines, amount=amount, minimum=minimum)),
        tuple(_readings(lines, readings)),
    )


def _priced(price: PriceTerms, readings: Mapping[str, Decimal], stated: Mapping[str, Decimal]) -> list[Part]:
    unread = ONE if price.metric == REQUEST else ZERO
    quantity = readings.get(price.metric, unread)
    return parts(price=price, quantity=quantity, stated=stated.get(price.metric))


def _closing(lines: list[Line], *, amount: int, minimum: int) -> Iterator[Line]:
    if amount > AMOUNT_MAX:
        raise InvalidInputError.of("usage", "makes a charge that is too large")
    rounding = amount - sum(line.amount for line in lines)
    if rounding:
        yield Line(ROUNDING_LINE, ONE, ZERO, Micros(rounding))
    if amount < minimum:
        yield Line(MINIMUM_LINE, ONE, ZERO, Micros(minimum - amount))


def _readings(lines: list[Line], reported: Mapping[str, Decimal]) -> Iterator[Reading]:
    told: dict[str, list[Line]] = {}
    for line in lines:
        told.setdefault(line.metric, []).append(line)
    for metric, of_metric in told.items():
        if metric in reported or any(line.rate for line in of_metric):
            quantity = reported.get(metric, of_metric[0].quantity)
            yield Reading(metric, quantity, Micros(sum(line.amount for line in of_metric)))
