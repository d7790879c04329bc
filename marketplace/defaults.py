"""The platform's own rules of sharing, read from settings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from django.conf import settings

from wallets.money import MICRO, Micros, credit_value

WHOLE_BP: Final = 10_000

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
    return int(settings.CREATOR_SHARE_BP)


def premium_share_bp() -> int:
    """Give the part of a charge that creators have of a premium agent (F-042): the platform runs its models."""
    return int(settings.PREMIUM_SHARE_BP)


def on_top_fee_bp() -> int:
    """Give what the platform asks at least of what creators have on top of its price.

    At a fifth no creators have more of a charge than 5 in 6: the packages on sale, with their bonus and the card's
    fee, leave no more (ledger.md rule 3).
    """
    return int(settings.ON_TOP_FEE_BP)


def run_price(*, on_top: int) -> Micros:
    """Give the platform's own price of a run in credit micros, where its creators have so many on top."""
    least = int(Decimal(settings.RUN_PRICE_USD) * MICRO) * MICRO // credit_value()
    return Micros(max(least, -(-on_top * on_top_fee_bp() // WHOLE_BP)))


def class_rates_bp() -> dict[str, int]:
    """Give what each funding class earns its creator, in basis points of the creator's share."""
    return {**CLASS_RATES_BP, **settings.EARNING_CLASS_RATES_BP}
