"""Amounts: integer micros of a unit, their text, and every rounding there is.

Each rounding function says its direction. `Decimal` appears only where text is read or written.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NewType, TypedDict

from django.conf import settings

from config.kit.errors import InvalidInputError

Micros = NewType("Micros", int)

CREDITS: Final = "CREDITS"
USD: Final = "USD"
MICRO: Final = 1_000_000
CENT: Final = 10_000  # USD micros
AMOUNT_MAX: Final = 2**62  # room below bigint's end for sums of two
PLAIN_DECIMAL: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,6}0*)?", re.ASCII)


class Amount(TypedDict):
    """An amount as the API shows it: exact decimal strings."""

    credits: str
    usd: str


def credit_value() -> int:
    """Give the price of one credit in USD micros (the setting CREDIT_VALUE_USD)."""
    return int(Decimal(settings.CREDIT_VALUE_USD) * MICRO)


def credits_per_cent() -> int:
    """Give the credit micros that one US cent buys; the setting is refused unless this is whole."""
    return CENT * MICRO // credit_value()


def credits_to_usd(amount: int) -> Micros:
    """Convert credit micros to USD micros, towards zero (as the ledger's own `wallets_usd`)."""
    usd = abs(amount) * credit_value() // MICRO
    return Micros(usd if amount >= 0 else -usd)


def cents_to_micros(cents: int) -> Micros:
    """Convert Stripe's cents to USD micros: the one place where the two meet."""
    return Micros(cents * CENT)


def invoice_cents(amount: int) -> int:
    """Round USD micros to the cents of an invoice's line: half up, and what is given back like what is taken."""
    cents = (abs(amount) + CENT // 2) // CENT
    return cents if amount >= 0 else -cents


def cents_to_credits(cents: int) -> Micros:
    """Convert cents to the credit micros they buy at par."""
    return Micros(cents * credits_per_cent())


def credits_to_cents(amount: int) -> int:
    """Convert credit micros to whole cents, rounding down: the rest stays with who has it."""
    return amount // credits_per_cent()


def text(amount: int) -> str:
    """Write micros as an exact decimal without exponent or trailing zeros."""
    whole, fraction = divmod(abs(amount), MICRO)
    digits = f"{fraction:06d}".rstrip("0")
    return ("-" if amount < 0 else "") + (f"{whole}.{digits}" if digits else str(whole))


def usd_text(nanos: int) -> str:
    """Write 1e-12 USD as a decimal of two digits, or as many as it needs."""
    whole, fraction = divmod(abs(nanos), 10**12)
    digits = f"{fraction:012d}".rstrip("0").ljust(2, "0")
    return ("-" if nanos < 0 else "") + f"{whole}.{digits}"


def amount(credits: int) -> Amount:
    """Show credit micros as the API does, with their exact value in USD."""
    return {"credits": text(credits), "usd": usd_text(credits * credit_value())}


def amount_of_usd(usd: int) -> Amount:
    """Show USD micros as the API does; the credits are those they are worth, rounded down to a micro."""
    sign = -1 if usd < 0 else 1
    return {
        "credits": text(sign * (abs(usd) * MICRO // credit_value())),
        "usd": usd_text(usd * MICRO),
    }


def parse(value: str, *, field: str = "amount") -> Micros:
    """Read an exact decimal of at most six places; raise InvalidInputError for anything else."""
    if not PLAIN_DECIMAL.fullmatch(value):
        raise InvalidInputError.of(
            field, "must be a decimal number such as 10.00, with at most six decimal places"
        )
    micros = int(Decimal(value) * MICRO)
    if abs(micros) >= AMOUNT_MAX:
        raise InvalidInputError.of(field, "is too large")
    return Micros(micros)


def parse_cents(value: str, *, field: str = "amount_usd") -> int:
    """Read USD in whole cents; raise InvalidInputError for anything else."""
    micros = parse(value, field=field)
    if micros % CENT:
        raise InvalidInputError.of(field, "must be whole cents")
    return micros // CENT


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Share a total by weights without losing a micro; ties go to the earlier weight."""
    whole = sum(weights)
    if total < 0 or whole <= 0 or min(weights) < 0:
        raise ValueError("a share needs a total of 0 or more and positive weights")
    parts = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts
