"""The plan that every customer has who has no other: given to new ones, and fallen back to."""

import datetime as dt
import logging

from django.conf import settings

from accounts.models import Customer
from billing.models.subscriptions import Subscription
from billing.operations.subscriptions import ending, periods, requests, starting
from billing.operations.subscriptions.requests import Wish
from billing.queries import subscriptions as queries
from marketplace.models import SubscriptionTier
from marketplace.queries import plans
from marketplace.queries.plans import PlanNotFoundError

logger = logging.getLogger(__name__)

PRINCIPAL = "system:default_plan"


def give(*, customer: Customer, now: dt.datetime) -> Subscription | None:
    """Start the default plan of a customer without a plan, in the caller's transaction; None where there is none."""
    if not settings.DEFAULT_PLAN or queries.live(customer_id=customer.pk, agent_id=None):
        return None
    try:
        terms = plans.plan_terms(slug=settings.DEFAULT_PLAN, at=now)
    except PlanNotFoundError:
        # A customer is opened all the same.
        logger.warning("default_plan.missing plan=%s customer=%s", settings.DEFAULT_PLAN, customer.public_id)
        return None
    tier = SubscriptionTier.objects.get(pk=terms.tiers[0].id)
    worth = periods.worth(tier=tier, quantity=1)
    wish = Wish(None, terms.version_id, tier.pk, worth.fee_cents, worth.credits, (terms.slug,), {})
    if worth.fee_cents:
        logger.error("default_plan.not_free plan=%s", terms.slug)
        return None
    before = Subscription.objects.filter(customer=customer, principal=PRINCIPAL).count()
    key = f"{customer.public_id}:{before}"
    found, created = requests.write(customer=customer, principal=PRINCIPAL, key=key, wish=wish, now=now)
    if created:
        starting.start(subscription=found, reason="the default plan", now=now)
    return found


def finish(*, subscription: Subscription, reason: str, at: dt.datetime, now: dt.datetime) -> None:
    """End a subscription that was locked; a customer of the platform's plans falls back to the default one."""
    ending.end(subscription=subscription, reason=reason, at=at, now=now)
    if subscription.agent_id is None:
        give(customer=subscription.customer, now=now)
