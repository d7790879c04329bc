"""From Pricing to canonical text: what parse() reads back to the same Pricing."""

from collections.abc import Iterator
from decimal import Decimal

from marketplace.manifest.pricing import CURRENCY, Pricing, Rate, Tier


def render(pricing: Pricing) -> str:
    """Write a manifest in its canonical form."""
    return "\n".join(_lines(pricing)) + "\n"


def _lines(pricing: Pricing) -> Iterator[str]:
    yield "pricing:"
    yield f'  model: "{pricing.model}"'
    yield f'  currency: "{CURRENCY}"'
    for name in ("default_hold", "minimum", "quantum"):
        value = getattr(pricing, name)
        if value is not None:
            yield f"  {name}: {_number(value)}"
    if pricing.split:
        yield "  split:"
        yield from (f"    {payee.name}: {_number(payee.percent)}" for payee in pricing.split)
    if pricing.rates:
        yield "  rates:"
        for rate in pricing.rates:
            yield from _rate(rate)
    if pricing.tiers:
        yield "  subscription_tiers:"
        for tier in pricing.tiers:
            yield from _tier(tier)


def _rate(rate: Rate) -> Iterator[str]:
    yield f'    - metric: "{rate.metric}"'
    yield f"      amount: {_number(rate.amount)}"
    if rate.flat:
        yield "      per: run"
    elif rate.per != 1:
        yield f"      per: {rate.per}"


def _tier(tier: Tier) -> Iterator[str]:
    yield f'    - name: "{tier.name}"'
    yield f"      credits_per_month: {_number(tier.credits_per_month)}"
    yield f"      price_usd: {_number(tier.price_usd)}"


def _number(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
