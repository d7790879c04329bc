"""What providers ask, from the `genai-prices` package: its data lie in the wheel, nothing is fetched."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import genai_prices
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices

from marketplace.models import TokenClass

SOURCE: Final = f"genai-prices {genai_prices.__version__}"
FIELDS: Final = {
    TokenClass.INPUT: "input_mtok",
    TokenClass.OUTPUT: "output_mtok",
    TokenClass.CACHE_READ: "cache_read_mtok",
    TokenClass.CACHE_WRITE: "cache_write_mtok",
    TokenClass.REASONING: "output_reasoning_mtok",
}


def costs(*, provider: str, model: str, at: dt.datetime) -> dict[TokenClass, Decimal] | None:
    """Give the USD a million tokens of each class that a provider prices; None for a model it does not list."""
    found = next(
        (
            listed
            for of_provider in get_snapshot().providers
            if of_provider.id == provider
            for listed in of_provider.models
            if listed.id == model
        ),
        None,
    )
    return None if found is None else dict(_costs(found.get_prices(at)))


def _costs(prices: object) -> Iterator[tuple[TokenClass, Decimal]]:
    for token_class, field in FIELDS.items():
        price = getattr(prices, field, None)
        if price is not None:
            # Of prices that rise above so many tokens a run, the base one; the rest is the operator's to set.
            yield token_class, price.base if isinstance(price, TieredPrices) else price
