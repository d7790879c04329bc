"""What a subscription's period allows besides its credits: quotas, and going below zero."""

import datetime as dt
from fractions import Fraction
from typing import Final

from billing.models.subscriptions import LIVE, Subscription, SubscriptionPeriod
from billing.queries import subscriptions as queries
from marketplace.queries import plans
from marketplace.terms import EntitlementTerms
from wallets import debts, money, quotas
from wallets import operations as wallet_operations
from wallets.chart import CONSUMER
from wallets.ledger import Source
from wallets.models import Wallet

# Far above any use, and far below where a balance ends: what a customer pays afterwards has no other limit.
NO_LIMIT: Final = 10**15


def grant(*, period: SubscriptionPeriod, now: dt.datetime) -> None:
    """Give a period's quotas and let the customer go as far below zero as the plan and its consent allow."""
    if period.subscription.agent_id is not None:
        return
    for entitlement in () if queries.is_rest(period) else _counted(period):
        _grant_quota(period, entitlement, now)
    permit(period=period, now=now)


def permit(*, period: SubscriptionPeriod, now: dt.datetime) -> None:
    """Let the customer of a period go below zero as far as its plan and its consent allow."""
    subscription = period.subscription
    # What is paid after its subscription has ended brings what it was for, and no more.
    if subscription.agent_id is not None or subscription.state not in LIVE:
        return
    for entitlement in _counted(period):
        wallet = quotas.open_quota(customer_id=subscription.customer_id, unit=entitlement.unit, now=now)
        _limit(wallet, 0 if entitlement.blocked(overage=subscription.overage) else NO_LIMIT, now)
    seats = period.quantity if period.tier.per_seat else 1
    limit = period.tier.overdraft * seats if subscription.overage else 0
    if limit:
        wallet_operations.open_wallet(owner_type="consumer", owner_id=subscription.customer_id, now=now)
    _limit(credit_wallet(customer_id=subscription.customer_id), limit, now)


def withdraw(*, subscription: Subscription, now: dt.datetime) -> None:
    """Let a subscription go below zero no more: it ended, or is not paid."""
    if subscription.agent_id is not None:
        return
    period = queries.current(subscription)
    for entitlement in _counted(period):
        _limit(quota_wallet(customer_id=subscription.customer_id, unit=entitlement.unit), 0, now)
    _limit(credit_wallet(customer_id=subscription.customer_id), 0, now)


def wallet_of(*, subscription: Subscription) -> Wallet | None:
    """Find the wallet that a subscription's credits are in."""
    scope = "" if subscription.agent is None else subscription.agent.creator.public_id
    return _wallet(subscription.customer_id, money.CREDITS, scope)


def credit_wallet(*, customer_id: int) -> Wallet | None:
    """Find a customer's own credits."""
    return quota_wallet(customer_id=customer_id, unit=money.CREDITS)


def quota_wallet(*, customer_id: int, unit: str) -> Wallet | None:
    """Find a customer's quota of a unit."""
    return _wallet(customer_id, unit, "")


def least_left(*, period: SubscriptionPeriod) -> tuple[int, int]:
    """Tell what is left of the period's quota of which the most is used, and what it was; (0, 0) without quotas."""
    found = []
    for entitlement in _counted(period):
        granted = int((entitlement.quantity(seats=period.quantity) or 0) * money.MICRO)
        wallet = quota_wallet(customer_id=period.subscription.customer_id, unit=entitlement.unit)
        if granted:
            found.append((min(max(wallet.balance, 0), granted) if wallet else granted, granted))
    return min(found, key=lambda each: Fraction(*each), default=(0, 0))


def _counted(period: SubscriptionPeriod) -> list[EntitlementTerms]:
    terms = plans.plan_version_terms(version_id=period.tier.version_id)
    tier = next(each for each in terms.tiers if each.id == period.tier_id)
    return [each for each in tier.entitlements if each.unit]


def _grant_quota(period: SubscriptionPeriod, entitlement: EntitlementTerms, now: dt.datetime) -> None:
    included = int((entitlement.quantity(seats=period.quantity) or 0) * money.MICRO)
    kept = min(int(entitlement.rollover_cap * money.MICRO), included)
    ref = queries.period_ref(period)
    parts = [
        (included - kept, queries.good_until(period, now=now), ref),
        (kept, queries.end_of_next(period, now=now), f"{ref}:rollover"),
    ]
    for amount, ends_at, source_id in parts:
        if amount:
            quotas.grant(
                customer_id=period.subscription.customer_id,
                unit=entitlement.unit,
                amount=amount,
                source=Source("subscription_period", source_id),
                expires_at=ends_at,
                now=now,
            )


def _wallet(customer_id: int, unit: str, scope: str) -> Wallet | None:
    owned = Wallet.objects.filter(owner_type=Wallet.OwnerType.CONSUMER, owner_id=customer_id, unit=unit)
    return owned.filter(kind=CONSUMER, scope=scope).first()


def _limit(wallet: Wallet | None, limit: int, now: dt.datetime) -> None:
    if wallet is not None and wallet.overdraft_limit != limit:
        debts.set_overdraft(wallet_id=wallet.pk, limit=limit, now=now)
