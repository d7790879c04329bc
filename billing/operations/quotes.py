"""Quote a run: find its terms, rate what is expected, name the gate that blocks it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from billing import rating
from billing.queries import payers, prices
from billing.runs import Blocked, Gate, Opening, Quote
from config.kit.errors import DomainError, InvalidInputError
from marketplace import queries as marketplace
from marketplace.terms import PriceModel, PricingModel, Terms

REMEMBERED_MAX: Final = 10_000

Pair = tuple[str, int]  # a caller and an agent's row

# The terms last given for an agent, by its name; where a subscription pins them, by the caller's too. They may have
# changed since: only billing_still says so.
_remembered: dict[tuple[str, str], Terms] = {}


def quote(*, opening: Opening, now: dt.datetime) -> Quote | Blocked:
    """Price a run before it runs. The wallet is not asked yet.

    Raises AgentNotFoundError, AgentSuspendedError, CustomerNotFoundError, and InvalidInputError when nothing
    says how much to hold.
    """
    found = quote_many(openings=[opening], now=now)[0]
    if isinstance(found, DomainError):
        raise found
    return found


def remembered(*, opening: Opening, now: dt.datetime) -> Quote | None:
    """Price a run at the terms that this process gave last, unproven; None when there are none, or they do not do."""
    terms = _remembered.get((opening.agent, "")) or _remembered.get((opening.agent, opening.caller))
    try:
        return price(opening=opening, terms=terms, now=now) if terms else None
    except InvalidInputError:
        return None


def quote_many(*, openings: Sequence[Opening], now: dt.datetime) -> list[Quote | Blocked | DomainError]:
    """Price many runs: each gets its quote, the gate that blocks it, or its refusal."""
    listed = marketplace.terms_many(wanted=[(opening.agent, now) for opening in openings])
    found = [(opening, listed[opening.agent, now]) for opening in openings]
    for_subscribers = [
        (opening, terms)
        for opening, terms in found
        if not isinstance(terms, DomainError) and terms.pricing_model is PricingModel.SUBSCRIPTION
    ]
    pinned = _pinned(for_subscribers, now)
    _remember(found, pinned)
    strangers = [each for each in for_subscribers if _pair(*each) not in pinned]
    available = payers.available_many(
        wanted=[(opening.caller, terms.creator) for opening, terms in strangers], now=now
    )
    return [_quoted(opening, terms, pinned, available, now) for opening, terms in found]


def price(*, opening: Opening, terms: Terms, now: dt.datetime) -> Quote:
    """Price a run at known terms; raise InvalidInputError when nothing says how much to hold."""
    rated = _rated(opening, terms, now)
    if terms.pricing_model is PricingModel.FREE:
        return Quote(terms, 0, 0, _quota(opening, terms))
    hold = next(
        (amount for amount in (opening.max_charge, rated, terms.default_hold) if amount is not None), None
    )
    if hold is None:
        raise InvalidInputError(
            "Nothing says how much to hold: send max_charge or usage, for this agent's price names no hold.",
            errors=[{"pointer": "/max_charge", "detail": "is needed when usage is not sent"}],
        )
    return Quote(terms, hold if rated is None else rated, hold, _quota(opening, terms))


def _quota(opening: Opening, terms: Terms) -> int:
    return rating.counted(unit=terms.quota_unit, usage=opening.usage) if terms.quota_unit else 0


def _remember(found: Sequence[tuple[Opening, Terms | DomainError]], pinned: Mapping[Pair, Terms]) -> None:
    if len(_remembered) > REMEMBERED_MAX:
        _remembered.clear()
    for opening, terms in found:
        if isinstance(terms, DomainError):
            continue
        if terms.pricing_model is not PricingModel.SUBSCRIPTION:
            _remembered[opening.agent, ""] = terms
            continue
        _remembered.pop((opening.agent, ""), None)
        own = pinned.get(_pair(opening, terms))
        if own is not None:
            _remembered[opening.agent, opening.caller] = own


def _pinned(asked: Sequence[tuple[Opening, Terms]], now: dt.datetime) -> dict[Pair, Terms]:
    """Give the terms that subscribers have subscribed to."""
    listed = {_pair(opening, terms): terms for opening, terms in asked}
    versions = payers.subscribed_versions(wanted=listed, now=now)
    other = {version for pair, version in versions.items() if version != listed[pair].version_id}
    older = marketplace.terms_by_version(version_ids=other) if other else {}
    return {pair: older.get(version, listed[pair]) for pair, version in versions.items()}


def _quoted(
    opening: Opening,
    terms: Terms | DomainError,
    pinned: Mapping[Pair, Terms],
    available: Mapping[tuple[str, str], int | DomainError],
    now: dt.datetime,
) -> Quote | Blocked | DomainError:
    if isinstance(terms, DomainError):
        return terms
    try:
        if terms.pricing_model is not PricingModel.SUBSCRIPTION:
            return price(opening=opening, terms=terms, now=now)
        own = pinned.get(_pair(opening, terms))
        if own is not None:
            return price(opening=opening, terms=own, now=now)
        return _unsubscribed(opening, terms, available[opening.caller, terms.creator], now)
    except DomainError as refusal:
        return refusal


def _unsubscribed(opening: Opening, terms: Terms, available: int | DomainError, now: dt.datetime) -> Blocked:
    if isinstance(available, DomainError):
        raise available
    # The gate is named even where nothing says how much a subscriber's run would hold.
    required = opening.max_charge or _rated(opening, terms, now) or terms.default_hold or 0
    return Blocked(Gate.SUBSCRIPTION, required, available)


def _pair(opening: Opening, terms: Terms) -> Pair:
    return opening.caller, terms.agent_id


def _rated(opening: Opening, terms: Terms, now: dt.datetime) -> int | None:
    """Rate the usage that is expected; a flat price is known without any."""
    flat = terms.rate_card_id is None and all(price.model is PriceModel.FLAT for price in terms.prices)
    usage = {} if opening.usage is None and flat else opening.usage
    if usage is None:
        return None
    return prices.rated(terms=terms, usage=usage, model=opening.model, at=now, stated=opening.prices).amount
