"""What a customer may use of a feature, and what is left of it."""

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from accounts.models import Customer
from billing.aggregation import ZERO
from billing.models import Subscription
from billing.periods import Period
from billing.queries import meters, rights, subscriptions
from marketplace.models import Feature
from marketplace.queries import plans
from marketplace.terms import EntitlementTerms
from wallets import queries as wallets
from wallets import quotas
from wallets.money import CREDITS, MICRO

# A payment that failed leaves its time of grace; a pause does not.
ENTITLED: Final = (Subscription.State.ACTIVE, Subscription.State.PAST_DUE)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a feature and what a period brings, in micros of `unit`: credits, a quota's, or a metric.

    `allowance` None: as much as one likes; `unit` empty: the feature is there or not, and `entitled` says which.
    """

    unit: str
    balance: int
    allowance: int | None
    overage_allowed: bool
    entitled: bool


def standing(*, customer: Customer, feature: Feature, now: dt.datetime) -> Standing:
    """Give what a customer has of a feature at this moment."""
    subscription = subscribed(customer_id=customer.pk)
    entitlement = None
    if subscription is not None:
        entitlement = plans.entitlement(tier_id=subscription.tier_id, feature_id=feature.pk)
    if feature.agent is not None:
        return _of_wallet(customer, feature, subscription, entitlement, now)
    if feature.meter is not None:
        return _of_events(customer, feature, subscription, entitlement)
    return Standing("", 0, None, overage_allowed=False, entitled=entitlement is not None)


def hard_limit(*, customer: Customer, feature: Feature, at: dt.datetime) -> int | None:
    """Give where use that events report stops in the period that is running, in micros; None where it does not.

    Use of an earlier period is a fact that is billed late: no limit holds it back any more.
    """
    subscription = subscribed(customer_id=customer.pk)
    if subscription is None or _started(subscription) > at:
        return None
    entitlement = plans.entitlement(tier_id=subscription.tier_id, feature_id=feature.pk)
    if entitlement is None or not entitlement.blocked(overage=subscription.overage):
        return None
    return _quantity(entitlement, subscription)


def subscribed(*, customer_id: int) -> Subscription | None:
    """Give the subscription to a plan of the platform that entitles a customer now."""
    rows = Subscription.objects.filter(customer_id=customer_id, agent=None, state__in=ENTITLED)
    return rows.select_related("tier").first()


def _of_wallet(
    customer: Customer,
    feature: Feature,
    subscription: Subscription | None,
    entitlement: EntitlementTerms | None,
    now: dt.datetime,
) -> Standing:
    """Read the wallet that the feature's runs take from: the quota's, else the one of credits."""
    unit = feature.quota_unit or CREDITS
    wallet = quotas.find(customer_id=customer.pk, unit=unit)
    if feature.quota_unit:
        allowance = _quantity(entitlement, subscription)
    else:
        allowance = subscription.credits if subscription else 0
    return Standing(
        unit=unit,
        balance=wallets.balance(wallet=wallet, now=now).available if wallet else 0,
        allowance=allowance,
        overage_allowed=bool(wallet and wallet.overdraft_limit),
        # Credits are good on every feature, however they were come by.
        entitled=not feature.quota_unit or entitlement is not None,
    )


def _of_events(
    customer: Customer,
    feature: Feature,
    subscription: Subscription | None,
    entitlement: EntitlementTerms | None,
) -> Standing:
    """Read the meter of the subscription's period."""
    if subscription is None or entitlement is None:
        return Standing(feature.metric, 0, 0, overage_allowed=False, entitled=False)
    allowance = _quantity(entitlement, subscription)
    used = ZERO
    if allowance is not None:
        used = _used(customer, feature, subscription)
    return Standing(
        unit=feature.metric,
        balance=(allowance or 0) - math.ceil(used * MICRO),
        allowance=allowance,
        overage_allowed=not entitlement.blocked(overage=subscription.overage),
        entitled=True,
    )


def _used(customer: Customer, feature: Feature, subscription: Subscription) -> Decimal:
    meter, end = feature.meter, subscription.current_period_end
    assert meter is not None  # says the caller
    assert end is not None  # what is live has begun
    return meters.quantity(customer_id=customer.pk, meter=meter, period=Period(_started(subscription), end))


def _started(subscription: Subscription) -> dt.datetime:
    start = subscription.current_period_start
    assert start is not None  # what is live has begun
    return start


def _quantity(entitlement: EntitlementTerms | None, subscription: Subscription | None) -> int | None:
    if entitlement is None or subscription is None:
        return 0
    told = (
        rights.of_feature(entitlement=entitlement, period=subscriptions.current(subscription))
        if entitlement.per_seat
        else entitlement
    )
    included = told.quantity(seats=1)
    return None if included is None else int(included * MICRO)
