"""The tax step of an invoice: by the customer's country, from a table; none where the table is silent. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Tax:
    """What a base is taxed, and why."""

    country: str
    rate: Decimal
    cents: int

    @property
    def text(self) -> str:
        """Name it as people read it; nothing where nothing is taxed."""
        told = ", ".join(part for part in (self.country, f"{self.rate.normalize():f} %") if part)
        return f"Tax ({told})" if self.cents else ""


def tax(*, base_cents: int, country: str, rates: Mapping[str, Decimal]) -> Tax:
    """Tax a base by its country's rate, half up; nothing is taxed below zero."""
    rate = rates.get(country, Decimal(0))
    cents = (max(base_cents, 0) * rate / PERCENT).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return Tax(country, rate, int(cents))


def inside(*, gross_cents: int, total_cents: int, tax_cents: int) -> int:
    """Give the tax inside of a part of a taxed total, half up."""
    if not total_cents:
        return 0
    part = Decimal(gross_cents * tax_cents) / total_cents
    return int(part.quantize(Decimal(1), rounding=ROUND_HALF_UP))
