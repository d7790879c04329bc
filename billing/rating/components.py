"""What one price component makes of a quantity: parts that each say their tier, exact and not rounded yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final, assert_never

from billing.rating.exact import EXACT, ONE, ZERO, packages, product, total
from config.kit.errors import InvalidInputError
from marketplace.terms import Overage, PriceBand, PriceModel, PriceTerms

INCLUDED: Final = "included"
NOT_CHARGED: Final = "not charged"
LEAST: Final = "minimum"


@dataclass(frozen=True, slots=True)
class Part:
    """So much at one rate, and the tier that sets it; `amount` is exact."""

    metric: str
    quantity: Decimal
    rate: Decimal
    tier: str = ""

    @property
    def amount(self) -> Decimal:
        """Give quantity times rate."""
        return product(self.quantity, self.rate)


def parts(*, price: PriceTerms, quantity: Decimal, stated: Decimal | None = None) -> list[Part]:
    """Price a quantity; `stated` is the unit price that the event itself names, for a dynamic price.

    Raises InvalidInputError for a stated price that is missing or out of the plan's bounds.
    """
    found = [*_included(price, quantity), *_charged(price, _billable(price, quantity), stated)]
    short = EXACT.subtract(price.minimum, total([part.amount for part in found]))
    if short > 0:
        found.append(Part(price.metric, ONE, short, LEAST))
    return found


def is_continuous(bands: tuple[PriceBand, ...]) -> bool:
    """Tell whether a volume price never falls, nor jumps, from one band to the next."""
    return all(
        _whole(lower.up_to or ZERO, lower) == _whole(lower.up_to or ZERO, upper)
        for lower, upper in pairwise(bands)
    )


def _billable(price: PriceTerms, quantity: Decimal) -> Decimal:
    if price.overage is Overage.BLOCKED:
        return ZERO
    return max(EXACT.subtract(quantity, price.included), ZERO)


def _included(price: PriceTerms, quantity: Decimal) -> Iterator[Part]:
    if price.included and quantity:
        yield Part(price.metric, min(quantity, price.included), ZERO, INCLUDED)
    if price.overage is Overage.BLOCKED and quantity > price.included:
        # A quota holds such use back before it runs; what ran all the same is nobody's charge.
        yield Part(price.metric, EXACT.subtract(quantity, price.included), ZERO, NOT_CHARGED)


def _charged(price: PriceTerms, quantity: Decimal, stated: Decimal | None) -> Iterator[Part]:
    match price.model:
        case PriceModel.FLAT:
            yield Part(price.metric, ONE, price.unit_price)
        case PriceModel.PER_UNIT:
            yield Part(price.metric, quantity, price.unit_price)
        case PriceModel.GRADUATED:
            yield from _graduated(price, quantity)
        case PriceModel.VOLUME:
            yield from _volume(price, quantity)
        case PriceModel.PACKAGE:
            tier = f"packages of {_plain(price.package_size)}"
            yield Part(price.metric, packages(quantity, price.package_size), price.unit_price, tier)
        case PriceModel.PERCENTAGE:
            yield Part(
                price.metric,
                quantity,
                price.unit_price,
                f"{_plain(product(price.unit_price, Decimal(100)))} %",
            )
        case PriceModel.DYNAMIC:
            yield Part(price.metric, quantity, _within(price, stated) if quantity else ZERO, "stated price")
        case _:
            assert_never(price.model)


def _graduated(price: PriceTerms, quantity: Decimal) -> Iterator[Part]:
    lower = ZERO
    for band in price.bands:
        if quantity <= lower:
            return
        upper = quantity if band.up_to is None else min(quantity, band.up_to)
        yield from _in_band(price.metric, EXACT.subtract(upper, lower), band, lower)
        lower = upper


def _volume(price: PriceTerms, quantity: Decimal) -> Iterator[Part]:
    lower = ZERO
    for band in price.bands:
        if quantity and (band.up_to is None or quantity <= band.up_to):
            yield from _in_band(price.metric, quantity, band, lower)
            return
        lower = band.up_to or ZERO


def _in_band(metric: str, quantity: Decimal, band: PriceBand, lower: Decimal) -> Iterator[Part]:
    above = f"above {_plain(lower)}"
    tier = above if band.up_to is None else f"{_plain(lower)} to {_plain(band.up_to)}"
    yield Part(metric, quantity, band.unit_price, tier)
    if band.flat_price:
        yield Part(metric, ONE, band.flat_price, f"{tier}, once")


def _within(price: PriceTerms, stated: Decimal | None) -> Decimal:
    if stated is None or not stated.is_finite():
        raise InvalidInputError.of(
            f"prices/{price.metric}", "must be stated: the price of this metric comes with its use"
        )
    if not price.least <= stated <= price.most:
        raise InvalidInputError.of(
            f"prices/{price.metric}", f"must be from {_plain(price.least)} to {_plain(price.most)}"
        )
    return stated


def _whole(quantity: Decimal, band: PriceBand) -> Decimal:
    return EXACT.add(product(quantity, band.unit_price), band.flat_price)


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
