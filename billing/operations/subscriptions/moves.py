"""Moves of subscribers to another version, as their subscriptions go on: begun with a period, overtaken, lapsed."""

import datetime as dt

from billing.models import Subscription, SubscriptionMove, SubscriptionPeriod
from billing.queries import moves as queries
from billing.queries import subscriptions
from marketplace.models import SubscriptionTier

State = SubscriptionMove.State


def take(*, subscription: Subscription, starts_at: dt.datetime, now: dt.datetime) -> SubscriptionMove | None:
    """Choose the tier of a move for a period that begins, where one is planned and was told of in time.

    The subscription was locked. What the customer chose itself comes first: it overtakes the move.
    """
    move = queries.planned_of(subscription=subscription)
    if move is None:
        return None
    if subscription.tier_id != move.from_tier_id or subscription.pending_tier_id not in {
        None,
        subscription.tier_id,
    }:
        _close(move, State.OVERTAKEN, now)
        return None
    if subscription.pending_tier_id is not None or not _is_due(move, starts_at):
        # Other seats in the middle of a period were shown at today's price: the move waits for the next one.
        return None
    subscription.pending_tier = move.tier
    subscription.pending_quantity = _seats(subscription, move.tier)
    return move


def done(*, move: SubscriptionMove, period: SubscriptionPeriod, now: dt.datetime) -> None:
    """Note the period that a move began with."""
    _close(move, State.DONE, now, period=period)


def lapse(*, subscription: Subscription, now: dt.datetime) -> None:
    """Close what was planned for a subscription that has ended."""
    move = queries.planned_of(subscription=subscription)
    if move is not None:
        _close(move, State.LAPSED, now)


def _is_due(move: SubscriptionMove, starts_at: dt.datetime) -> bool:
    if move.told_at is None:
        return False
    version = move.tier.version
    return queries.earliest(notice_days=move.notice_days, version=version, told_at=move.told_at) <= starts_at


def _seats(subscription: Subscription, tier: SubscriptionTier) -> int:
    members = subscriptions.members(customer_id=subscription.customer_id)
    return queries.seats_on(tier=tier, subscription=subscription, members=members)


def _close(
    move: SubscriptionMove,
    state: SubscriptionMove.State,
    now: dt.datetime,
    *,
    period: SubscriptionPeriod | None = None,
) -> None:
    SubscriptionMove.objects.filter(pk=move.pk, state=State.PLANNED).update(
        state=state, closed_at=now, period=period
    )
