"""Credit packages: none goes on sale that can lose money (ledger.md rule 3)."""

from fractions import Fraction
from typing import Final

from django.db.models import Max, Min

from config.kit.errors import ConflictError
from marketplace.defaults import WHOLE_BP, class_rates_bp, creator_share_bp
from marketplace.models import Agent, CreditPackage, PlanVersion
from wallets.money import CENT, MICRO, usd_text

# What the processor takes of a card payment.
CARD_FEE_BP: Final = 290
CARD_FEE_CENTS: Final = 30


class LosingPackageError(ConflictError):
    """Creators could earn more from the package's credits than its payment leaves."""

    code = "losing_package"
    title = "This package can lose money"


def publish(*, slug: str, name: str, price_cents: int, bonus_bp: int) -> CreditPackage:
    """Put a package on sale, or change the one of this slug; raise LosingPackageError."""
    check(price_cents=price_cents, bonus_bp=bonus_bp, share_bp=top_share_bp())
    package, _ = CreditPackage.objects.update_or_create(
        slug=slug, defaults={"name": name, "price_cents": price_cents, "bonus_bp": bonus_bp, "active": True}
    )
    return package


def check(*, price_cents: int, bonus_bp: int, share_bp: int) -> None:
    """Raise LosingPackageError if creators at this share could earn more than the payment leaves."""
    rates = class_rates_bp()
    earned_by = Fraction(rates["paid"], WHOLE_BP) + Fraction(bonus_bp * rates["bonus"], WHOLE_BP**2)
    earned = price_cents * earned_by * Fraction(share_bp, WHOLE_BP)
    left = price_cents - Fraction(price_cents * CARD_FEE_BP, WHOLE_BP) - CARD_FEE_CENTS
    if earned > left:
        raise LosingPackageError(
            f"Creators could earn {_usd(earned)} of it; {_usd(left)} is left of the payment."
        )


def check_share(*, share_bp: int) -> None:
    """Raise LosingPackageError if some package on sale loses money at this creators' share."""
    for package in CreditPackage.objects.filter(active=True):
        check(price_cents=package.price_cents, bonus_bp=package.bonus_bp, share_bp=share_bp)


def top_share_bp() -> int:
    """Give the largest part of a charge that any agent's creators have or may have."""
    allowed = Agent.objects.aggregate(top=Max("creator_share_bp"))["top"] or 0
    sold = PlanVersion.objects.filter(plan__agent__isnull=False).aggregate(least=Min("platform_share_bp"))[
        "least"
    ]
    return max(creator_share_bp(), allowed, 0 if sold is None else WHOLE_BP - sold)


def _usd(cents: Fraction) -> str:
    return "$" + usd_text(round(cents) * CENT * MICRO)
