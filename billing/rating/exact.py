"""Exact arithmetic of rates and quantities; every rounding of a charge is here."""

from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from typing import Final

from wallets.money import MICRO, Micros

# Enough digits for any product of a price and a quantity that we take; Inexact would mean that it is not.
EXACT: Final = Context(prec=100, rounding=ROUND_HALF_UP, traps=[Inexact])
ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)


def product(quantity: Decimal, price: Decimal) -> Decimal:
    """Multiply without losing a digit."""
    return EXACT.multiply(quantity, price)


def total(amounts: list[Decimal]) -> Decimal:
    """Add without losing a digit."""
    result = ZERO
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def packages(quantity: Decimal, size: Decimal) -> Decimal:
    """Count the packages that hold a quantity, the last one begun counting whole."""
    numerator, denominator = quantity.as_integer_ratio()
    size_numerator, size_denominator = size.as_integer_ratio()
    return Decimal(-(-numerator * size_denominator // (denominator * size_numerator)))


def to_micros(amount: Decimal, *, quantum: int = 1) -> Micros:
    """Round half up to a multiple of `quantum` micros."""
    # On integers: no digit is cut before the one rounding.
    numerator, denominator = EXACT.multiply(amount, Decimal(MICRO)).as_integer_ratio()
    whole = denominator * quantum
    return Micros((2 * numerator + whole) // (2 * whole) * quantum)
