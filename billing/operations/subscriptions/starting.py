"""The start of a subscription: what it replaces ends, its first period opens and is granted."""

import datetime as dt
from typing import Any

from billing.models.subscriptions import Subscription, SubscriptionPeriod
from billing.operations.subscriptions import ending, periods, states
from billing.periods import Alignment, Cycle, Interval, Period
from billing.queries import subscriptions as queries

State = Subscription.State


def first_cycle(*, subscription: Subscription, at: dt.datetime) -> Cycle:
    """Give the rhythm of a subscription that counts from a moment: now, or when what comes before is over."""
    return Cycle(
        anchor=at,
        interval=Interval(subscription.tier.interval),
        alignment=Alignment(subscription.alignment),
        zone=subscription.zone,
    )


def start(*, subscription: Subscription, reason: str, now: dt.datetime, **facts: Any) -> SubscriptionPeriod:
    """Start a subscription that was locked; what costs nothing is granted here, the rest by who has the money."""
    replaced = queries.live(customer_id=subscription.customer_id, agent_id=subscription.agent_id)
    if replaced is not None:
        ending.replace(subscription=replaced, by=subscription, now=now)
    trial = subscription.trial_end
    before = trial or queries.rest_until(subscription=subscription, at=now)
    cycle = first_cycle(subscription=subscription, at=before or now)
    stretch = Period(now, before) if before else cycle.period(0)
    whole = periods.first_worth(tier=subscription.tier, quantity=subscription.quantity, cycle=cycle)
    states.change(
        subscription,
        state=State.ACTIVE,
        reason=reason,
        now=now,
        started_at=now,
        anchor=cycle.anchor,
        anchor_number=1 if before else 0,
        current_period_start=stretch.start,
        current_period_end=stretch.end,
        **facts,
    )
    # What the checkout asked for stands, though a first month by the calendar has grown shorter since.
    worth = periods.Worth(
        0 if trial else subscription.net_cents, 0 if before and not trial else whole.credits
    )
    return periods.open_period(subscription=subscription, number=0, stretch=stretch, worth=worth, now=now)
