"""What a subscription could be changed to: the tiers on sale beside it."""

import datetime as dt
from dataclasses import dataclass

from billing.models.subscriptions import Subscription
from config.kit.errors import InvalidInputError
from marketplace import queries as marketplace_queries
from marketplace.queries import plans
from marketplace.terms import TierTerms


@dataclass(frozen=True, slots=True)
class TierChoice:
    """A tier on sale: of a platform plan, or (without its slug) of the agent that is subscribed to."""

    plan: str
    plan_name: str
    tier: TierTerms
    catalogue: str = ""

    @property
    def name(self) -> str:
        """Name it as a person would."""
        same = self.tier.name.casefold() == self.plan_name.casefold()
        return self.plan_name if same else f"{self.plan_name}, {self.tier.name}"


def choices(*, subscription: Subscription, now: dt.datetime) -> list[TierChoice]:
    """List what a subscription could be changed to, what it is now included."""
    if subscription.agent is not None:
        terms = marketplace_queries.terms(agent=subscription.agent.public_id, at=now)
        return [TierChoice("", terms.agent_name, tier) for tier in terms.tiers]
    return [
        TierChoice(plan.slug, plan.name, tier, plan.catalogue)
        for plan in plans.plans(at=now)
        if plan.self_service
        for tier in plan.tiers
    ]


def chosen(*, subscription: Subscription, plan: str, tier: str, now: dt.datetime) -> int:
    """Give the id of a tier by its plan's slug and its name; the own one when neither is named.

    Raises InvalidInputError when it is not on sale, or not named exactly.
    """
    if not plan and tier in {"", subscription.tier.name}:
        return subscription.tier_id
    own = subscription.version.plan.slug or ""
    named = [
        each.tier.id
        for each in choices(subscription=subscription, now=now)
        if each.plan == (plan or own) and tier in {"", each.tier.name}
    ]
    if len(named) != 1:
        field = "plan" if plan else "tier"
        raise InvalidInputError.of(field, "is not one that this subscription could have")
    return named[0]
