"""What a subscription's period allows besides its credits: quotas, and going below zero."""

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from billing.models import RunLimit
from billing.models.subscriptions import LIVE, AddedSeats, Subscription, SubscriptionPeriod
from billing.queries import rights
from billing.queries import subscriptions as queries
from marketplace.terms import EntitlementTerms
from wallets import debts, money, quotas
from wallets import operations as wallet_operations
from wallets.chart import CONSUMER
from wallets.ledger import Source
from wallets.models import Wallet

# Far above any use, and far below where a balance ends: what a customer pays afterwards has no other limit.
NO_LIMIT: Final = 10**15
# Its hard entitlement says how many runs may be open at a time: a gate of each run, beside the meter of events.
AT_ONCE: Final = "concurrent_runs"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a period brought to one wallet, in micros of its unit."""

    wallet_id: int
    granted: int


def grant(*, period: SubscriptionPeriod, now: dt.datetime) -> None:
    """Give a period's quotas and let the customer go as far below zero as the plan and its consent allow."""
    if period.subscription.agent_id is not None:
        return
    for entitlement in () if queries.is_rest(period) else _counted(period):
        _grant_quota(period, entitlement, now)
    permit(period=period, now=now)


def grant_added(*, added: AddedSeats, now: dt.datetime) -> None:
    """Give the quotas of seats that were added to a period; they run out with it."""
    ref = queries.added_ref(added)
    for entitlement in _counted(added.period):
        amount = added.included.get(entitlement.metric, 0)
        ends_at = queries.good_until(added.period, now=now)
        _fill(added.period, entitlement.unit, amount, ref, ends_at=ends_at, now=now)


def of_seats(*, period: SubscriptionPeriod, seats: int, share: Fraction) -> dict[str, int]:
    """Tell what more seats include for a share of a period, up to whole units, in millionths of each metric."""
    found = {}
    for entitlement in rights.offered(period=period):
        if entitlement.per_seat and entitlement.metric and entitlement.included:
            part = Fraction(entitlement.included) * seats * share
            found[entitlement.metric] = -(-part // 1) * money.MICRO
    return found


def parcels(*, period: SubscriptionPeriod) -> list[Parcel]:
    """List what a period that is paid for has brought, wallet by wallet."""
    subscription = period.subscription
    credits = period.credits + sum(added.credits for added in queries.granted_seats(period))
    brought = [(wallet_of(subscription=subscription), credits)]
    if subscription.agent_id is None:
        brought += [
            (
                quota_wallet(customer_id=subscription.customer_id, unit=each.unit),
                int((each.included or 0) * money.MICRO),
            )
            for each in rights.included(period=period)
            if each.unit
        ]
    return [Parcel(wallet.pk, granted) for wallet, granted in brought if wallet and granted]


def permit(*, period: SubscriptionPeriod, now: dt.datetime) -> None:
    """Let the customer of a period go below zero as far as its plan and its consent allow."""
    subscription = period.subscription
    # What is paid after its subscription has ended brings what it was for, and no more.
    if subscription.agent_id is not None or subscription.state not in LIVE:
        return
    _limit_runs(period)
    for entitlement in _counted(period):
        wallet = quotas.open_quota(customer_id=subscription.customer_id, unit=entitlement.unit, now=now)
        _limit(wallet, 0 if entitlement.blocked(overage=queries.consents(period)) else NO_LIMIT, now)
    seats = subscription.quantity if period.tier.per_seat else 1
    limit = period.tier.overdraft * seats if queries.consents(period) else 0
    if limit:
        wallet_operations.open_wallet(owner_type="consumer", owner_id=subscription.customer_id, now=now)
    _limit(credit_wallet(customer_id=subscription.customer_id), limit, now)


def withdraw(*, subscription: Subscription, now: dt.datetime) -> None:
    """Let a subscription go below zero no more: it ended, or is not paid."""
    if subscription.agent_id is not None:
        return
    period = queries.current(subscription)
    if subscription.state not in LIVE:
        RunLimit.objects.filter(customer=subscription.customer_id).delete()
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


def _counted(period: SubscriptionPeriod) -> list[EntitlementTerms]:
    return [each for each in rights.offered(period=period) if each.unit]


def _limit_runs(period: SubscriptionPeriod) -> None:
    most = next(
        (
            each.quantity(seats=period.quantity)
            for each in rights.offered(period=period)
            if each.metric == AT_ONCE and each.hard
        ),
        None,
    )
    limits = RunLimit.objects.filter(customer=period.subscription.customer_id)
    if most is None:
        limits.delete()
    else:
        limits.update_or_create(customer_id=period.subscription.customer_id, defaults={"most": int(most)})


def _grant_quota(period: SubscriptionPeriod, entitlement: EntitlementTerms, now: dt.datetime) -> None:
    included = int((entitlement.quantity(seats=period.quantity) or 0) * money.MICRO)
    kept = min(int(entitlement.rollover_cap * money.MICRO), included)
    ref = queries.period_ref(period)
    parts = [
        (included - kept, queries.good_until(period, now=now), ref),
        (kept, queries.end_of_next(period, now=now), f"{ref}:rollover"),
    ]
    for amount, ends_at, source_id in parts:
        _fill(period, entitlement.unit, amount, source_id, ends_at=ends_at, now=now)


def _fill(
    period: SubscriptionPeriod, unit: str, amount: int, cause: str, *, ends_at: dt.datetime, now: dt.datetime
) -> None:
    if amount:
        quotas.grant(
            customer_id=period.subscription.customer_id,
            unit=unit,
            amount=amount,
            source=Source("subscription_period", cause),
            expires_at=ends_at,
            now=now,
        )


def _wallet(customer_id: int, unit: str, scope: str) -> Wallet | None:
    owned = Wallet.objects.filter(owner_type=Wallet.OwnerType.CONSUMER, owner_id=customer_id, unit=unit)
    return owned.filter(kind=CONSUMER, scope=scope).first()


def _limit(wallet: Wallet | None, limit: int, now: dt.datetime) -> None:
    if wallet is not None and wallet.overdraft_limit != limit:
        debts.set_overdraft(wallet_id=wallet.pk, limit=limit, now=now)
