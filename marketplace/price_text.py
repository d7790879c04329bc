"""Prices in words: what a component costs, as people read it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from marketplace.terms import PriceModel, PriceTerms, PricingModel, VersionTerms
from wallets.money import MICRO, credit_value, usd_text

# A price below this many credits a unit is told for a thousand, a million ... units.
TOLD_MIN: Final = Decimal("0.01")
SCALE: Final = 1000
PER_MAX: Final = SCALE**4


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One component: `rate` credits (text) `per` so much, worth `usd` (text)."""

    metric: str
    label: str
    rate: str
    per: str
    usd: str

    def __str__(self) -> str:
        return f"{self.rate} credit{'' if self.rate == '1' else 's'} {self.per}"


def label(metric: str) -> str:
    """Name a metric as people do."""
    return metric.replace("_", " ").replace(".", " ").strip().capitalize()


def price_lines(terms: VersionTerms) -> tuple[PriceLine, ...]:
    """Tell each price component."""
    return tuple(component(price) for price in terms.prices)


def price_line(terms: VersionTerms) -> str:
    """Tell a version's price in one line."""
    match terms.pricing_model:
        case PricingModel.FREE:
            return "Free"
        case PricingModel.SUBSCRIPTION:
            cents = min(tier.price_cents for tier in terms.tiers)
            return f"from {dollars(cents)} a month"
        case PricingModel.USAGE_BASED:
            return " + ".join(str(line) for line in price_lines(terms))


def dollars(cents: int) -> str:
    """Write whole cents as dollars."""
    return f"${cents // 100:,}.{cents % 100:02d}"


def percent(share_bp: int) -> str:
    """Write basis points as a percentage without its sign."""
    return _number(Decimal(share_bp) / 100)


def component(price: PriceTerms) -> PriceLine:
    """Tell one price component."""
    per, text = _scale(price)
    rate = price.unit_price * per
    nanos = int((rate * MICRO * credit_value()).to_integral_value())
    return PriceLine(price.metric, label(price.metric), _number(rate), text, f"${_grouped(usd_text(nanos))}")


def _scale(price: PriceTerms) -> tuple[int, str]:
    if price.model == PriceModel.FLAT:
        return 1, "per run"
    noun = label(price.metric).lower()
    per = 1
    while 0 < price.unit_price * per < TOLD_MIN and per < PER_MAX:
        per *= SCALE
    if per == 1:
        return 1, f"per {noun.removesuffix('s')}"
    return per, f"per {per:,} {noun if noun.endswith('s') else noun + 's'}"


def _grouped(text: str) -> str:
    whole, point, digits = text.partition(".")
    return f"{int(whole):,}{point}{digits}"


def _number(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
