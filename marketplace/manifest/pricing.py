"""What a manifest says, as frozen values. Amounts are credits, exact."""

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final

from marketplace.terms import PriceModel, PriceTerms, PricingModel

CURRENCY: Final = "CREDITS"
PRICE_PLACES: Final = 12
# What a run of a subscriber costs when the manifest names no rates (design.md section 4).
SUBSCRIBERS_RUN: Final = PriceTerms(PriceModel.FLAT, "run", Decimal(1))
# Enough digits that no quotient of the sizes we take is cut before its twelfth place.
EXACT: Final = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Rate:
    """A price of a metric: an amount for each `per` units, or for the run whatever it used (`per: run`)."""

    metric: str
    amount: Decimal
    per: int = 1
    flat: bool = False

    def unit_price(self) -> Decimal:
        """Give the credits a unit costs."""
        return EXACT.divide(self.amount, Decimal(self.per))

    def terms(self) -> PriceTerms:
        """Give the price component that this rate makes."""
        return PriceTerms(
            PriceModel.FLAT if self.flat else PriceModel.PER_UNIT, self.metric, self.unit_price()
        )


@dataclass(frozen=True, slots=True)
class Tier:
    """A subscription tier: a month's credits for a price in whole cents."""

    name: str
    credits_per_month: Decimal
    price_usd: Decimal


@dataclass(frozen=True, slots=True)
class Payee:
    """Who has a part of each charge: `creator` (the agent's own), another creator's id, or `platform`."""

    name: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Pricing:
    """A whole manifest."""

    model: PricingModel
    rates: tuple[Rate, ...] = ()
    tiers: tuple[Tier, ...] = ()
    default_hold: Decimal | None = None
    minimum: Decimal | None = None
    quantum: Decimal | None = None
    split: tuple[Payee, ...] = ()

    def prices(self) -> tuple[PriceTerms, ...]:
        """Give the price components of a run."""
        if self.model == PricingModel.SUBSCRIPTION and not self.rates:
            return (SUBSCRIBERS_RUN,)
        return tuple(rate.terms() for rate in self.rates)
