"""What a manifest says, as frozen values. Amounts are credits, exact."""

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final

from marketplace.terms import (
    ONE,
    ZERO,
    Overage,
    PaymentTerm,
    PriceBand,
    PriceModel,
    PriceTerms,
    PricingModel,
)

CURRENCY: Final = "CREDITS"
PRICE_PLACES: Final = 12
# What a run of a subscriber costs when the manifest names no rates (design.md section 4).
SUBSCRIBERS_RUN: Final = PriceTerms(PriceModel.FLAT, "run", Decimal(1))
PERCENT: Final = 100
# Enough digits that no quotient of the sizes we take is cut before its twelfth place.
EXACT: Final = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Rate:
    """A price of a metric.

    An amount for each `per` units, for the run whatever it used (flat) or for each package of `per` units; or
    bands, a percentage, or the bounds of a price that comes with the usage.
    """

    metric: str
    amount: Decimal = ZERO
    per: int = 1
    model: PriceModel = PriceModel.PER_UNIT
    bands: tuple[PriceBand, ...] = ()
    least: Decimal = ZERO
    most: Decimal = ZERO
    included: Decimal = ZERO
    minimum: Decimal = ZERO
    overage: Overage = Overage.ON
    payment_term: PaymentTerm = PaymentTerm.IN_ARREARS

    def unit_price(self) -> Decimal:
        """Give what a unit, the run, or a package costs; of a percentage the fraction."""
        divisor = {PriceModel.PER_UNIT: self.per, PriceModel.PERCENTAGE: PERCENT}.get(self.model, 1)
        return EXACT.divide(self.amount, Decimal(divisor))

    def terms(self) -> PriceTerms:
        """Give the price component that this rate makes."""
        return PriceTerms(
            self.model,
            self.metric,
            self.unit_price(),
            bands=self.bands,
            package_size=Decimal(self.per) if self.model is PriceModel.PACKAGE else ONE,
            least=self.least,
            most=self.most,
            included=self.included,
            minimum=self.minimum,
            overage=self.overage,
            payment_term=self.payment_term,
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
class OnTop:
    """What a payee has of each run on top of the platform's price, in whole cents; payees are named as in a split."""

    name: str
    usd: Decimal

    @property
    def cents(self) -> int:
        """Give it in cents."""
        return int(self.usd * 100)


@dataclass(frozen=True, slots=True)
class Pricing:
    """A whole manifest."""

    model: PricingModel
    rates: tuple[Rate, ...] = ()
    rate_card: str = ""
    tiers: tuple[Tier, ...] = ()
    default_hold: Decimal | None = None
    minimum: Decimal | None = None
    quantum: Decimal | None = None
    split: tuple[Payee, ...] = ()
    on_top: tuple[OnTop, ...] = ()

    def prices(self) -> tuple[PriceTerms, ...]:
        """Give the price components of a run."""
        if self.model == PricingModel.SUBSCRIPTION and not self.rates:
            return (SUBSCRIBERS_RUN,)
        return tuple(rate.terms() for rate in self.rates)
