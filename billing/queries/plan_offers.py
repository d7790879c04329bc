"""The plan on which the same use would cost less: offered, and taken only when the customer agrees to the change."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from billing.models import PlanOffer
from billing.models.subscriptions import Subscription
from billing.periodic import cheaper, offer_of
from billing.queries import subscriptions as queries
from marketplace.queries import plans
from marketplace.terms import PlanTerms, TierTerms
from wallets import quotas
from wallets.money import MICRO


@dataclass(frozen=True, slots=True)
class Better:
    """Another plan of the same catalogue, and what this period's use so far costs on each, in USD micros."""

    plan: str
    name: str
    costs: int
    other_costs: int


@dataclass(frozen=True, slots=True)
class Letter:
    """What the mail of an offer says; costs are USD micros."""

    subject: str
    customer: str
    name: str
    plan: str
    costs: int
    other_costs: int
    starts_at: dt.datetime
    url: str


def letter(*, offer: PlanOffer) -> Letter:
    """Give what the mail of an offer says."""
    period, plan = offer.period, offer.plan
    subscription = period.subscription
    page = f"{settings.SITE_URL}/subscriptions/{subscription.public_id}/change/"
    return Letter(
        subject=f"{plan.name} would cost you less",
        customer=subscription.customer.name,
        name=queries.name(subscription, tier=period.tier),
        plan=plan.name,
        costs=offer.costs,
        other_costs=offer.other_costs,
        starts_at=period.ends_at.astimezone(queries.zone(subscription)),
        url=f"{page}?plan={plan.slug}&when=next",
    )


def better(*, subscription: Subscription, now: dt.datetime) -> Better | None:
    """Give the plan on which what was used so far in this period would cost least; None when none costs less."""
    if subscription.agent_id is not None or subscription.pending_tier_id is not None:
        return None
    own = plans.plan_version_terms(version_id=subscription.version_id)
    tier = next(each for each in own.tiers if each.id == subscription.tier_id)
    used = _used(subscription, tier, now)
    if not used:
        return None
    found = [_saving(own, tier, other, used, subscription.quantity) for other in plans.plans(at=now)]
    return min((each for each in found if each), key=lambda each: each.other_costs, default=None)


def _saving(
    own: PlanTerms, tier: TierTerms, other: PlanTerms, used: dict[str, Decimal], seats: int
) -> Better | None:
    if other.catalogue != own.catalogue or other.plan_id == own.plan_id or not other.self_service:
        return None
    target = other.tiers[0]
    # What blocks above what it includes, or counts seats, is no other way to pay for the same use.
    if target.per_seat or any(each.hard and each.metric in used for each in target.entitlements):
        return None
    saving = cheaper(
        current=offer_of(plan=own, tier=tier),
        other=offer_of(plan=other, tier=target),
        quantities=used,
        seats=seats,
    )
    return Better(other.slug, other.name, saving.costs, saving.other_costs) if saving else None


def _used(subscription: Subscription, tier: TierTerms, now: dt.datetime) -> dict[str, Decimal]:
    used = {}
    for each in tier.entitlements:
        if each.unit:
            found = quotas.left(customer_id=subscription.customer_id, unit=each.unit, now=now)
            if found.debt:
                included = each.quantity(seats=subscription.quantity) or Decimal(0)
                used[each.metric] = included + Decimal(found.debt) / MICRO
    return used
