"""What a period of a subscription includes, for the seats it began with and those that were added to it."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from billing.models.subscriptions import AddedSeats, SubscriptionPeriod
from billing.queries import subscriptions as queries
from marketplace.queries import plans
from marketplace.terms import EntitlementTerms
from wallets import money

MICRO: Final = Decimal(money.MICRO)


def offered(*, period: SubscriptionPeriod) -> tuple[EntitlementTerms, ...]:
    """Give the entitlements of a period's tier as they are on sale, for one seat."""
    terms = plans.plan_version_terms(version_id=period.tier.version_id)
    return next(each for each in terms.tiers if each.id == period.tier_id).entitlements


def included(*, period: SubscriptionPeriod) -> tuple[EntitlementTerms, ...]:
    """Give a period's entitlements with what they include for all of its seats."""
    added = queries.granted_seats(period)
    return tuple(_in_all(each, period, added) for each in offered(period=period))


def of_feature(*, entitlement: EntitlementTerms, period: SubscriptionPeriod) -> EntitlementTerms:
    """Give one entitlement of a period with what it includes for all of its seats."""
    return _in_all(entitlement, period, queries.granted_seats(period))


def _in_all(
    entitlement: EntitlementTerms, period: SubscriptionPeriod, added: list[AddedSeats]
) -> EntitlementTerms:
    own = entitlement.quantity(seats=period.quantity)
    if own is None:
        return entitlement
    more: int = sum(each.included.get(entitlement.metric, 0) for each in added)
    return replace(entitlement, included=own + more / MICRO, per_seat=False)
