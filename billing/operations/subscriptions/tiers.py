"""Subscriptions to a tier of a creator's agent."""

import datetime as dt

from django.db import transaction

from accounts.models import Customer
from billing.operations.subscriptions import checkout, requests, states
from billing.operations.subscriptions.requests import AlreadySubscribedError, Requested, Wish
from billing.queries import subscriptions as queries
from config.kit.errors import InvalidInputError
from marketplace import queries as marketplace_queries
from marketplace.terms import PricingModel, Terms, TierTerms


def request(
    *, customer: Customer, principal: str, key: str, agent: str, tier: str, now: dt.datetime
) -> Requested:
    """Write a subscription down and open its checkout; the same key gives the same one.

    Raises AgentNotFoundError, InvalidInputError (no such tier), AlreadySubscribedError, KeyReusedError, and
    what checkouts.open_for raises.
    """
    terms = marketplace_queries.terms(agent=agent, at=now)
    chosen = _tier(terms, tier)
    wish = _wish(terms, chosen)
    found, created = requests.known(principal=principal, key=key, wish=wish), False
    if found is None:
        with transaction.atomic():
            states.lock_customer(customer_id=customer.pk)
            if queries.live(customer_id=customer.pk, agent_id=terms.agent_id):
                raise AlreadySubscribedError(f"You are subscribed to {terms.agent_name} already.")
            found, created = requests.write(
                customer=customer, principal=principal, key=key, wish=wish, now=now
            )
    checkout.open_for(subscription=found, title=f"{terms.agent_name}: {chosen.name}, first month", now=now)
    return Requested(found, replayed=not created and found.idempotency_key == key)


def _tier(terms: Terms, name: str) -> TierTerms:
    if terms.pricing_model is PricingModel.SUBSCRIPTION:
        for tier in terms.tiers:
            if tier.name == name:
                return tier
    raise InvalidInputError(
        f"{terms.agent_name} has no tier {name!r}",
        errors=[{"pointer": "/tier", "detail": "is not a tier on sale"}],
    )


def _wish(terms: Terms, tier: TierTerms) -> Wish:
    return Wish(
        agent_id=terms.agent_id,
        version_id=terms.version_id,
        tier_id=tier.id,
        fee_cents=tier.price_cents,
        credits=tier.credits_per_month,
        said=(terms.version, tier.name),
        facts={},
    )
