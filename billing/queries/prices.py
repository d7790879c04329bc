"""What usage costs under a version's terms: its own prices, and those of its rate card for the model that ran."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from billing import rating
from billing.rating import Rated
from marketplace.queries.rate_cards import model_prices
from marketplace.terms import PriceTerms, VersionTerms


def rated(
    *,
    terms: VersionTerms,
    usage: Mapping[str, Decimal],
    model: str,
    at: dt.datetime,
    stated: Mapping[str, Decimal],
) -> Rated:
    """Rate a run at the rates that held at `at`; raise UnknownModelError and what rating.rate raises."""
    return rating.rate(
        prices=_prices(terms, usage, model, at),
        usage=usage,
        minimum=terms.minimum,
        quantum=terms.quantum,
        stated=stated,
    )


def _prices(
    terms: VersionTerms, usage: Mapping[str, Decimal], model: str, at: dt.datetime
) -> tuple[PriceTerms, ...]:
    left = usage.keys() - {price.metric for price in terms.prices}
    if terms.rate_card_id is None or not left:
        return terms.prices
    listed = model_prices(card_id=terms.rate_card_id, model=model, at=at)
    return (*terms.prices, *(price for price in listed if price.metric in left))
