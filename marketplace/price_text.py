"""Prices in words: what a component costs, as people read it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from marketplace.defaults import on_top_fee_bp, run_price
from marketplace.terms import ZERO, PriceModel, PriceTerms, PricingModel, VersionTerms
from wallets.money import MICRO, credit_value, credits_to_usd, usd_text

# A price below this many credits a unit is told for a thousand, a million ... units.
TOLD_MIN: Final = Decimal("0.01")
SCALE: Final = 1000
PER_MAX: Final = SCALE**4
PERCENT: Final = "%"


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One price of a component: `rate` (text) credits or % `per` so much, worth `usd` (text; empty for a share)."""

    metric: str
    label: str
    rate: str
    per: str
    usd: str
    unit: str = "credit"

    def __str__(self) -> str:
        if self.unit == PERCENT:
            return f"{self.rate} % {self.per}"
        if not self.unit:
            return f"{self.label.lower()} {self.rate}"
        return f"{self.rate} credit{'' if self.rate == '1' else 's'} {self.per}"


# What a rate card adds: its rates are on the card, model by model.
BY_MODEL: Final = PriceLine("tokens", "Tokens", "by model", "", "", unit="")


def label(metric: str) -> str:
    """Name a metric as people do."""
    return metric.replace("_", " ").replace(".", " ").strip().capitalize()


def price_lines(terms: VersionTerms) -> tuple[PriceLine, ...]:
    """Tell each price component."""
    lines = tuple(line for price in terms.prices for line in component(price))
    return lines if terms.rate_card_id is None else (*lines, BY_MODEL)


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


def on_top_rule() -> str:
    """Tell what the platform asks of a run where its creators have a price on top."""
    least = f"${usd_text(credits_to_usd(run_price(on_top=0)) * MICRO)}"
    return f"{least} a run, or {percent(on_top_fee_bp())} % of what is on top where that is more"


def percent(share_bp: int) -> str:
    """Write basis points as a percentage without its sign."""
    return _number(Decimal(share_bp) / 100)


def component(price: PriceTerms) -> tuple[PriceLine, ...]:
    """Tell one price component: what is included, each band, and the least it comes to."""
    free = [_line(price, ZERO, f"for the first {_units(price, price.included)}")] if price.included else []
    least = [_line(price, price.minimum, f"for {_noun(price)} at least")] if price.minimum else []
    return (*free, *_charged(price), *least)


def _charged(price: PriceTerms) -> Iterator[PriceLine]:
    match price.model:
        case PriceModel.FLAT:
            yield _line(price, price.unit_price, "per run")
        case PriceModel.PER_UNIT:
            yield _scaled(price, price.unit_price)
        case PriceModel.PACKAGE:
            yield _line(price, price.unit_price, f"for each {_units(price, price.package_size)} begun")
        case PriceModel.GRADUATED | PriceModel.VOLUME:
            yield from _bands(price)
        case PriceModel.PERCENTAGE:
            rate = _number(price.unit_price * 100)
            yield PriceLine(price.metric, label(price.metric), rate, f"of {_noun(price)}", "", PERCENT)
        case PriceModel.DYNAMIC:
            bounds = f"{_number(price.least)} to {_number(price.most)}"
            yield replace(_line(price, price.most, f"per {_one(price)}, as stated with its use"), rate=bounds)


def _bands(price: PriceTerms) -> Iterator[PriceLine]:
    whole = "all of " if price.model is PriceModel.VOLUME else ""
    lower = ZERO
    for band in price.bands:
        above = f"above {_number(lower)}"
        reach = f", {whole}{above if band.up_to is None else f'up to {_number(band.up_to)}'}"
        yield _scaled(price, band.unit_price, reach)
        if band.flat_price:
            yield _line(price, band.flat_price, f"once{reach}")
        lower = band.up_to or ZERO


def _scaled(price: PriceTerms, unit_price: Decimal, reach: str = "") -> PriceLine:
    per = 1
    while 0 < unit_price * per < TOLD_MIN and per < PER_MAX:
        per *= SCALE
    told = f"per {_one(price)}" if per == 1 else f"per {_units(price, Decimal(per))}"
    return _line(price, unit_price * per, told + reach)


def _line(price: PriceTerms, rate: Decimal, per: str) -> PriceLine:
    nanos = int((rate * MICRO * credit_value()).to_integral_value())
    usd = f"${_grouped(usd_text(nanos))}"
    return PriceLine(price.metric, label(price.metric), _number(rate), per, usd)


def _units(price: PriceTerms, quantity: Decimal) -> str:
    noun = _noun(price)
    return f"{_number(quantity)} {noun if noun.endswith('s') else noun + 's'}"


def _one(price: PriceTerms) -> str:
    return _noun(price).removesuffix("s")


def _noun(price: PriceTerms) -> str:
    return label(price.metric).lower()


def _grouped(text: str) -> str:
    whole, point, digits = text.partition(".")
    return f"{int(whole):,}{point}{digits}"


def _number(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
