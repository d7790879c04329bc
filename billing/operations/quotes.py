"""Quote a run: find its terms, rate what is expected, name the gate that blocks it."""

import datetime as dt

from billing import rating
from billing.queries import payers
from billing.runs import Blocked, Gate, Opening, Quote
from config.kit.errors import InvalidInputError
from marketplace import queries as marketplace
from marketplace.terms import PriceModel, PricingModel, Terms


def quote(*, opening: Opening, now: dt.datetime) -> Quote | Blocked:
    """Price a run before it runs. The wallet is not asked yet.

    Raises AgentNotFoundError, AgentSuspendedError, CustomerNotFoundError, and InvalidInputError when nothing
    says how much to hold.
    """
    terms = marketplace.terms(agent=opening.agent, at=now)
    if terms.pricing_model is not PricingModel.SUBSCRIPTION:
        return _priced(opening, terms)
    versions = payers.subscribed_versions(wanted=[(opening.caller, terms.agent_id)], now=now)
    version_id = versions.get((opening.caller, terms.agent_id))
    if version_id is None:
        available = payers.available(caller=opening.caller, creator=terms.creator, now=now)
        # The gate is named even where nothing says how much a subscriber's run would hold.
        required = opening.max_charge or _rated(opening, terms) or terms.default_hold or 0
        return Blocked(Gate.SUBSCRIPTION, required, available)
    if version_id != terms.version_id:
        terms = marketplace.terms_by_version(version_ids=[version_id])[version_id]
    return _priced(opening, terms)


def _priced(opening: Opening, terms: Terms) -> Quote:
    rated = _rated(opening, terms)
    if terms.pricing_model is PricingModel.FREE:
        return Quote(terms, 0, 0)
    hold = next(
        (amount for amount in (opening.max_charge, rated, terms.default_hold) if amount is not None), None
    )
    if hold is None:
        raise InvalidInputError(
            "Nothing says how much to hold: send max_charge or usage, for this agent's price names no hold.",
            errors=[{"pointer": "/max_charge", "detail": "is needed when usage is not sent"}],
        )
    return Quote(terms, hold if rated is None else rated, hold)


def _rated(opening: Opening, terms: Terms) -> int | None:
    """Rate the usage that is expected; a flat price is known without any."""
    flat = all(price.model is PriceModel.FLAT for price in terms.prices)
    usage = {} if opening.usage is None and flat else opening.usage
    if usage is None:
        return None
    return rating.rate(prices=terms.prices, usage=usage, minimum=terms.minimum, quantum=terms.quantum).amount
