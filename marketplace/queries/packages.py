"""Packages on sale, in credits of this deployment."""

from dataclasses import dataclass

from marketplace.defaults import WHOLE_BP
from marketplace.models import CreditPackage
from wallets.money import Micros, cents_to_credits


@dataclass(frozen=True, slots=True)
class PackageOffer:
    """A package and the credits it buys."""

    slug: str
    name: str
    price_cents: int
    paid: Micros
    bonus: Micros
    bonus_bp: int

    @property
    def total(self) -> Micros:
        """Give paid and bonus credits together."""
        return Micros(self.paid + self.bonus)


def package_offers() -> list[PackageOffer]:
    """Give the packages on sale, cheapest first."""
    return [
        _offer(package)
        for package in CreditPackage.objects.filter(active=True).order_by("price_cents", "slug")
    ]


def package_offer(*, slug: str) -> PackageOffer | None:
    """Give a package on sale, or None."""
    package = CreditPackage.objects.filter(active=True, slug=slug).first()
    return _offer(package) if package else None


def _offer(package: CreditPackage) -> PackageOffer:
    paid = cents_to_credits(package.price_cents)
    bonus = Micros(paid * package.bonus_bp // WHOLE_BP)
    return PackageOffer(package.slug, package.name, package.price_cents, paid, bonus, package.bonus_bp)
