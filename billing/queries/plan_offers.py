"""The plan on which the same use would cost less: offered, and taken only when the customer agrees to the change."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from billing.models.subscriptions import Subscription
from billing.periodic import cheaper, offer_of
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


def better(*, subscription: Subscription, now: dt.datetime) -> Better | None:
    """Give the plan on which what was used so far in this period would cost least; None when none costs less."""
    if subscription.agent_id is not None:
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
