"""Subscriptions to an agent's tiers: ask for one, activate it when its payment is paid, once."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import Customer
from billing.models.subscriptions import Subscription, SubscriptionPeriod, SubscriptionStateChange
from billing.operations import checkouts, plan_fees, quarantine
from billing.periods import month_after
from billing.stripe.checkout import Checkout, Payment
from billing.stripe.errors import StripeRefusedError
from config.kit import ids
from config.kit.errors import ConflictError, InvalidInputError, KeyReusedError
from marketplace import queries as marketplace_queries
from marketplace.terms import PricingModel, Terms, TierTerms

State = Subscription.State
LIVE = (State.ACTIVE, State.PAST_DUE, State.PAUSED)


@dataclass(frozen=True, slots=True)
class Requested:
    """A subscription with its checkout, and whether this key had asked before."""

    subscription: Subscription
    replayed: bool


class AlreadySubscribedError(ConflictError):
    """The customer has a live subscription to this agent."""

    code = "already_subscribed"
    title = "Already subscribed"


def request(
    *, customer: Customer, principal: str, key: str, agent: str, tier: str, now: dt.datetime
) -> Requested:
    """Write a subscription down and open its checkout; the same key gives the same one.

    Raises AgentNotFoundError, InvalidInputError (no such tier), AlreadySubscribedError, KeyReusedError, and
    what checkouts.open_for raises.
    """
    terms = marketplace_queries.terms(agent=agent, at=now)
    chosen = _tier(terms, tier)
    subscription, created = _write(
        customer=customer, principal=principal, key=key, terms=terms, tier=chosen, now=now
    )
    if bytes(subscription.fingerprint) != _fingerprint(terms, chosen):
        raise KeyReusedError("This key came with another tier before.")
    if not subscription.stripe_session_id:
        _open(subscription, terms, chosen, now)
    return Requested(subscription, replayed=not created)


def settle(*, subscription: Subscription, checkout: Checkout, now: dt.datetime) -> None:
    """Bring a subscription in line with what Stripe says of its checkout."""
    payment = checkout.payment
    if payment is not None and checkout.is_paid:
        activate(subscription_id=subscription.pk, checkout=checkout, payment=payment, now=now)
    elif checkout.status == "expired":
        _close(subscription_id=subscription.pk, failure="The checkout expired.", now=now)
    elif (
        payment is not None and checkout.status == "complete" and payment.status == "requires_payment_method"
    ):
        _close(subscription_id=subscription.pk, failure=payment.failure or "The payment failed.", now=now)
    elif payment is not None and payment.failure:
        waiting = Subscription.objects.filter(pk=subscription.pk, state=State.INCOMPLETE)
        waiting.update(failure=payment.failure[:300])


def activate(*, subscription_id: int, checkout: Checkout, payment: Payment, now: dt.datetime) -> None:
    """Start the first period of a paid subscription, exactly once; what does not match goes to suspense."""
    with transaction.atomic():
        subscription = _locked(subscription_id)
        if subscription.payment_intent_id == payment.intent_id:
            return
        problem = _mismatch(subscription, checkout, payment)
        if problem:
            quarantine.payment(payment=payment, reference=subscription.public_id, reason=problem, now=now)
            return
        ends_at = month_after(start=now)
        facts = {"payment_intent_id": payment.intent_id, "charge_id": payment.charge_id, "paid_at": now}
        period = {"current_period_start": now, "current_period_end": ends_at}
        _change(
            subscription, State.ACTIVE, f"paid by {payment.intent_id}", now, failure="", **facts, **period
        )
        SubscriptionPeriod.objects.create(
            subscription=subscription,
            starts_at=now,
            ends_at=ends_at,
            credits=subscription.credits,
            amount_cents=subscription.amount_cents,
            payment_intent_id=payment.intent_id,
            granted_at=now,
        )
        plan_fees.grant(subscription=subscription, payment=payment, ends_at=ends_at, now=now)


def lapse(*, subscription: Subscription, now: dt.datetime) -> None:
    """Expire a subscription that never came to a checkout: nobody can pay it."""
    _close(subscription_id=subscription.pk, failure="The checkout never opened.", now=now)


def _tier(terms: Terms, name: str) -> TierTerms:
    if terms.pricing_model is PricingModel.SUBSCRIPTION:
        for tier in terms.tiers:
            if tier.name == name:
                return tier
    raise InvalidInputError(
        f"{terms.agent_name} has no tier {name!r}",
        errors=[{"pointer": "/tier", "detail": "is not a tier on sale"}],
    )


def _fingerprint(terms: Terms, tier: TierTerms) -> bytes:
    return hashlib.sha256(f"{terms.version}|{tier.name}".encode()).digest()


def _write(
    *, customer: Customer, principal: str, key: str, terms: Terms, tier: TierTerms, now: dt.datetime
) -> tuple[Subscription, bool]:
    known = Subscription.objects.filter(principal=principal, idempotency_key=key).first()
    if known:
        return known, False
    if Subscription.objects.filter(customer=customer, agent_id=terms.agent_id, state__in=LIVE).exists():
        raise AlreadySubscribedError(f"You are subscribed to {terms.agent_name} already.")
    public_id = ids.new(ids.SUBSCRIPTION)
    page = f"{settings.SITE_URL}/subscriptions/{public_id}/"
    return Subscription.objects.get_or_create(
        principal=principal,
        idempotency_key=key,
        defaults={
            "public_id": public_id,
            "customer": customer,
            "agent_id": terms.agent_id,
            "version_id": terms.version_id,
            "tier_id": tier.id,
            "fingerprint": _fingerprint(terms, tier),
            "amount_cents": tier.price_cents,
            "credits": tier.credits_per_month,
            "success_url": page,
            "cancel_url": f"{page}?cancelled=1",
            "created_at": now,
        },
    )


def _open(subscription: Subscription, terms: Terms, tier: TierTerms, now: dt.datetime) -> None:
    if subscription.state != State.INCOMPLETE:
        raise ConflictError(subscription.failure or "This subscription has lapsed; subscribe again.")
    try:
        checkouts.open_for(
            purchase=subscription,
            customer=subscription.customer,
            reference=subscription.public_id,
            title=f"{terms.agent_name}: {tier.name}, first month",
            now=now,
        )
    except StripeRefusedError as refusal:
        _close(subscription_id=subscription.pk, failure=refusal.detail, now=now)
        raise


def _locked(subscription_id: int) -> Subscription:
    """Lock a subscription with its siblings: of two checkouts paid at once, the second sees the first's outcome."""
    asked = Subscription.objects.values_list("customer_id", "agent_id").get(pk=subscription_id)
    siblings = Subscription.objects.filter(customer_id=asked[0], agent_id=asked[1]).order_by("pk")
    rows = siblings.select_for_update(of=("self",)).select_related("agent__creator", "version", "customer")
    return next(row for row in rows if row.pk == subscription_id)


def _mismatch(subscription: Subscription, checkout: Checkout, payment: Payment) -> str:
    if subscription.payment_intent_id:
        return f"a second payment of {subscription.public_id}, which {subscription.payment_intent_id} paid"
    asked = (subscription.amount_cents, "usd")
    if (checkout.amount_cents, checkout.currency) != asked or (
        payment.received_cents,
        payment.currency,
    ) != asked:
        return f"{payment.received_cents} {payment.currency} came for {asked[0]} {asked[1]}"
    others = Subscription.objects.filter(
        customer=subscription.customer, agent=subscription.agent, state__in=LIVE
    )
    if others.exists():
        return f"{subscription.customer} pays twice for {subscription.agent}"
    return ""


def _close(*, subscription_id: int, failure: str, now: dt.datetime) -> None:
    with transaction.atomic():
        subscription = Subscription.objects.select_for_update().get(pk=subscription_id)
        if subscription.state == State.INCOMPLETE:
            _change(subscription, State.EXPIRED, failure[:300], now, failure=failure[:300])


def _change(subscription: Subscription, state: State, reason: str, now: dt.datetime, **facts: Any) -> None:
    SubscriptionStateChange.objects.create(
        subscription=subscription,
        from_state=subscription.state,
        to_state=state,
        reason=reason,
        changed_at=now,
    )
    Subscription.objects.filter(pk=subscription.pk).update(state=state, **facts)
