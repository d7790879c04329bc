"""Customers on plans of the platform."""

import datetime as dt

from django.db import transaction

from accounts.models import Customer
from billing.models import Subscription
from billing.operations.subscriptions import periods, starting
from marketplace.models import SubscriptionTier
from marketplace.queries.plans import plan_terms


def attach(customer: Customer, slug: str, *, now: dt.datetime) -> Subscription:
    """Put a customer on a plan that costs nothing."""
    terms = plan_terms(slug=slug, at=now)
    tier = SubscriptionTier.objects.get(pk=terms.tiers[0].id)
    with transaction.atomic():
        subscription = Subscription.objects.create(
            customer=customer,
            version_id=terms.version_id,
            tier=tier,
            amount_cents=0,
            credits=periods.worth(tier=tier, quantity=1).credits,
            principal="test",
            idempotency_key=f"{customer.pk}:{slug}",
            fingerprint=b"",
            created_at=now,
        )
        starting.start(subscription=subscription, reason="test", now=now)
    return subscription
