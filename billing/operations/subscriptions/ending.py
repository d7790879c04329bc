"""The end of a subscription, and of a period: what was used above the plan goes on an invoice, the rest lapses."""

import datetime as dt
from typing import Final

from billing.models.subscriptions import Subscription, SubscriptionPeriod
from billing.operations.invoices import unbegun
from billing.operations.subscriptions import allowances, late, moves, states, usage
from billing.queries import subscriptions as queries

State = Subscription.State
# A period has a length, even one that was left in the instant it began.
LEAST: Final = dt.timedelta(microseconds=1)


def close_period(*, period: SubscriptionPeriod, at: dt.datetime, now: dt.datetime) -> dt.datetime:
    """Close a period at a moment, bill what was used in it, and give the moment that its end became."""
    ends_at = min(period.ends_at, max(at, period.starts_at + LEAST))
    open_ones = SubscriptionPeriod.objects.filter(pk=period.pk, closed_at=None)
    if open_ones.update(closed_at=now, ends_at=ends_at) == 1:
        period.closed_at, period.ends_at = now, ends_at
        usage.bill(period=period, now=now)
        late.bill(period=period, now=now)
    return ends_at


def end(
    *,
    subscription: Subscription,
    reason: str,
    at: dt.datetime,
    now: dt.datetime,
    state: State = State.CANCELLED,
) -> None:
    """End a live subscription that was locked: its period closes, and it may go below zero no more."""
    close_period(period=queries.current(subscription), at=at, now=now)
    states.change(subscription, state=state, reason=reason, now=now, cancel_at=None)
    allowances.withdraw(subscription=subscription, now=now)
    moves.lapse(subscription=subscription, now=now)
    unbegun.let_go(subscription=subscription)


def replace(*, subscription: Subscription, by: Subscription, now: dt.datetime) -> None:
    """End a subscription because another one of the customer begins."""
    end(subscription=subscription, reason=f"replaced by {by.public_id}", at=now, now=now)
