"""What routers read of a customer: its plan, the capabilities that come with it, what was agreed on."""

import datetime as dt
from dataclasses import dataclass

from accounts.models import Customer
from billing.queries import subscriptions
from marketplace.models import Agreement, Entitlement
from marketplace.queries import plans


@dataclass(frozen=True, slots=True)
class CustomerTerms:
    """A customer's plan (empty: none), the slugs of its capabilities, and its agreements, the latest first."""

    customer: str
    plan: str
    capabilities: tuple[str, ...]
    agreements: tuple[Agreement, ...]


def terms_of(*, customer: Customer, at: dt.datetime) -> CustomerTerms:
    """Give a customer's terms at a time."""
    subscription = subscriptions.live(customer_id=customer.pk, agent_id=None)
    there = Entitlement.objects.filter(tier=subscription.tier_id if subscription else None)
    capabilities = there.filter(feature__kind="boolean").order_by("feature__slug")
    return CustomerTerms(
        customer=customer.public_id,
        plan=(subscription.version.plan.slug or "") if subscription else "",
        capabilities=tuple(capabilities.values_list("feature__slug", flat=True)),
        agreements=tuple(plans.agreements(customer_id=customer.pk, at=at)),
    )
