"""The platform's own rules of sharing, read from settings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from django.conf import settings

WHOLE_BP: Final = 10_000
CREATOR_SHARE_BP: Final = 8_000

# ledger.md rule 2: a bonus credit earns its creator half, for half of it nobody paid.
CLASS_RATES_BP: Final[Mapping[str, int]] = {
    "plan": 10_000,
    "promo": 10_000,
    "bonus": 5_000,
    "adjustment": 10_000,
    "paid": 10_000,
    "overage": 10_000,
}

# F14: who commits to so many executions a month has so many basis points off, for twelve months at least.
COMMITTED_DISCOUNTS: Final = ((1_000_000, 4_500), (500_000, 3_500), (100_000, 2_000))


def committed_discount_bp(*, quantity: Decimal) -> int:
    """Give the discount of a commitment to a month's quantity, in basis points."""
    return next((bp for least, bp in COMMITTED_DISCOUNTS if quantity >= least), 0)


def creator_share_bp() -> int:
    """Give the part of a charge that creators have where neither agent nor version says otherwise."""
    return int(getattr(settings, "CREATOR_SHARE_BP", CREATOR_SHARE_BP))


def class_rates_bp() -> dict[str, int]:
    """Give what each funding class earns its creator, in basis points of the creator's share."""
    return {**CLASS_RATES_BP, **getattr(settings, "EARNING_CLASS_RATES_BP", {})}
