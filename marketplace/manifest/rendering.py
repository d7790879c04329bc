"""From Pricing to canonical text: what parse() reads back to the same Pricing."""

from collections.abc import Iterator
from decimal import Decimal

from marketplace.manifest.pricing import CURRENCY, Pricing, Rate, Tier
from marketplace.terms import PriceBand, PriceModel


def render(pricing: Pricing) -> str:
    """Write a manifest in its canonical form."""
    return "\n".join(_lines(pricing)) + "\n"


def _lines(pricing: Pricing) -> Iterator[str]:
    yield "pricing:"
    yield f'  model: "{pricing.model}"'
    yield f'  currency: "{CURRENCY}"'
    yield from _runs(pricing)
    if pricing.tiers:
        yield "  subscription_tiers:"
        for tier in pricing.tiers:
            yield from _tier(tier)


def _runs(pricing: Pricing) -> Iterator[str]:
    for name in ("default_hold", "minimum", "quantum"):
        value = getattr(pricing, name)
        if value is not None:
            yield f"  {name}: {_number(value)}"
    if pricing.rate_card:
        yield f'  rate_card: "{pricing.rate_card}"'
    if pricing.split:
        yield "  split:"
        yield from (f"    {payee.name}: {_number(payee.percent)}" for payee in pricing.split)
    if pricing.on_top:
        yield "  on_top:"
        yield from (f"    {payee.name}: {_number(payee.usd)}" for payee in pricing.on_top)
    if pricing.rates:
        yield "  rates:"
        for rate in pricing.rates:
            yield from _rate(rate)


def _rate(rate: Rate) -> Iterator[str]:
    yield f'    - metric: "{rate.metric}"'
    if rate.model not in (PriceModel.FLAT, PriceModel.PER_UNIT):
        yield f"      model: {rate.model}"
    yield from _priced(rate)
    for name in ("included", "minimum"):
        if value := getattr(rate, name):
            yield f"      {name}: {_number(value)}"


def _priced(rate: Rate) -> Iterator[str]:
    match rate.model:
        case PriceModel.FLAT:
            yield f"      amount: {_number(rate.amount)}"
            yield "      per: run"
        case PriceModel.PER_UNIT | PriceModel.PACKAGE:
            yield f"      amount: {_number(rate.amount)}"
            if rate.per != 1 or rate.model is PriceModel.PACKAGE:
                yield f"      per: {rate.per}"
        case PriceModel.GRADUATED | PriceModel.VOLUME:
            yield "      bands:"
            for band in rate.bands:
                yield from _band(band)
        case PriceModel.PERCENTAGE:
            yield f"      percent: {_number(rate.amount)}"
        case PriceModel.DYNAMIC:
            yield f"      least: {_number(rate.least)}"
            yield f"      most: {_number(rate.most)}"


def _band(band: PriceBand) -> Iterator[str]:
    end = [] if band.up_to is None else [f"up_to: {_number(band.up_to)}"]
    flat = [f"flat: {_number(band.flat_price)}"] if band.flat_price else []
    for place, line in enumerate([*end, f"amount: {_number(band.unit_price)}", *flat]):
        yield f"        {' ' if place else '-'} {line}"


def _tier(tier: Tier) -> Iterator[str]:
    yield f'    - name: "{tier.name}"'
    yield f"      credits_per_month: {_number(tier.credits_per_month)}"
    yield f"      price_usd: {_number(tier.price_usd)}"


def _number(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
