"""What usage costs: prices and readings in, an amount and the lines that explain it out. Pure and exact.

Lines are credits to the micro, half up. The amount is the exact sum rounded half up, once, to the version's
quantum (one micro unless it says otherwise) and never below its minimum; what those two add or take stands in
lines of their own, so the lines always make the amount.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from typing import Final, assert_never

from config.kit.errors import InvalidInputError
from marketplace.terms import PriceModel, PriceTerms
from wallets.money import MICRO, Micros

QUANTITY_MAX: Final = Decimal(10**12)
QUANTITY_PLACES: Final = 9
DIGITS_MAX: Final = 50
METRICS_MAX: Final = 100
METRIC: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,59}")
# 10^12 credits: far above any run, far below the end of a bigint of micros.
AMOUNT_MAX: Final = 10**12 * MICRO
# A run is one request unless its usage says otherwise (mission rows T6, W2).
REQUEST: Final = "request"
MINIMUM_LINE: Final = "minimum"
ROUNDING_LINE: Final = "rounding"
ONE: Final = Decimal(1)
ZERO: Final = Decimal(0)
# Enough digits for any product of a price and a quantity that we take; Inexact would mean that it is not.
EXACT: Final = Context(prec=100, rounding=ROUND_HALF_UP, traps=[Inexact])


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a charge; `rate` is in credits."""

    metric: str
    quantity: Decimal
    rate: Decimal
    amount: Micros


@dataclass(frozen=True, slots=True)
class Rated:
    """A charge and why it is that much."""

    amount: Micros
    lines: tuple[Line, ...]


def rate(*, prices: Iterable[PriceTerms], usage: Mapping[str, Decimal], minimum: int, quantum: int) -> Rated:
    """Rate one run; a metric without a price stays as a reading that costs nothing.

    Raises InvalidInputError for a quantity that is negative, not finite, too large or too fine, and for a
    charge beyond AMOUNT_MAX.
    """
    readings = {metric: check_quantity(metric=metric, quantity=value) for metric, value in usage.items()}
    exact = [_component(price, readings) for price in prices]
    priced = {metric for metric, _, _ in exact}
    exact += [(metric, quantity, ZERO) for metric, quantity in readings.items() if metric not in priced]
    if len(readings) > METRICS_MAX:
        raise InvalidInputError(f"usage has more than {METRICS_MAX} metrics")
    lines = [
        Line(metric, quantity, price, _micros(_product(quantity, price))) for metric, quantity, price in exact
    ]
    total = ZERO
    for _, quantity, price in exact:
        total = EXACT.add(total, _product(quantity, price))
    return _closed(lines, amount=_rounded(total, quantum), minimum=minimum)


def check_quantity(*, metric: str, quantity: Decimal) -> Decimal:
    """Return a quantity that a run may report; raise InvalidInputError for any other."""
    if not METRIC.fullmatch(metric):
        raise _invalid("usage", "names its metrics with up to 60 letters, digits, _, . and -")
    if not quantity.is_finite():
        raise _invalid(f"usage/{metric}", "must be finite")
    if quantity < 0:
        raise _invalid(f"usage/{metric}", "must be 0 or more")
    if quantity > QUANTITY_MAX:
        raise _invalid(f"usage/{metric}", f"must be {QUANTITY_MAX} or less")
    if len(quantity.as_tuple().digits) > DIGITS_MAX:
        raise _invalid(f"usage/{metric}", f"has more than {DIGITS_MAX} digits")
    if -int(EXACT.normalize(quantity).as_tuple().exponent) > QUANTITY_PLACES:
        raise _invalid(f"usage/{metric}", f"has more than {QUANTITY_PLACES} decimal places")
    return quantity


def _component(price: PriceTerms, readings: Mapping[str, Decimal]) -> tuple[str, Decimal, Decimal]:
    match price.model:
        case PriceModel.FLAT:
            return price.metric, ONE, price.unit_price
        case PriceModel.PER_UNIT:
            unread = ONE if price.metric == REQUEST else ZERO
            return price.metric, readings.get(price.metric, unread), price.unit_price
        case _:
            assert_never(price.model)


def _closed(lines: list[Line], *, amount: int, minimum: int) -> Rated:
    if amount > AMOUNT_MAX:
        raise _invalid("usage", "makes a charge that is too large")
    rounding = amount - sum(line.amount for line in lines)
    if rounding:
        lines.append(Line(ROUNDING_LINE, ONE, ZERO, Micros(rounding)))
    if amount < minimum:
        lines.append(Line(MINIMUM_LINE, ONE, ZERO, Micros(minimum - amount)))
    return Rated(Micros(max(amount, minimum)), tuple(lines))


def _product(quantity: Decimal, price: Decimal) -> Decimal:
    return EXACT.multiply(quantity, price)


def _micros(exact: Decimal) -> Micros:
    return Micros(_rounded(exact, 1))


def _rounded(exact: Decimal, quantum: int) -> int:
    # Half up on integers: no digit is cut before the one rounding.
    numerator, denominator = EXACT.multiply(exact, Decimal(MICRO)).as_integer_ratio()
    whole = denominator * quantum
    return (2 * numerator + whole) // (2 * whole) * quantum


def _invalid(field: str, problem: str) -> InvalidInputError:
    return InvalidInputError(f"{field} {problem}", errors=[{"pointer": f"/{field}", "detail": problem}])
