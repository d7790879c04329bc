"""The platform's own rules of sharing, read from settings."""

from collections.abc import Mapping
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


def creator_share_bp() -> int:
    """Give the part of a charge that creators have where neither agent nor version says otherwise."""
    return int(getattr(settings, "CREATOR_SHARE_BP", CREATOR_SHARE_BP))


def class_rates_bp() -> dict[str, int]:
    """Give what each funding class earns its creator, in basis points of the creator's share."""
    return {**CLASS_RATES_BP, **getattr(settings, "EARNING_CLASS_RATES_BP", {})}
