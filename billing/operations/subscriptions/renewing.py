"""What falls due by the clock: periods close, their usage is billed, the next ones open and wait to be paid."""

import datetime as dt
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from billing.models.subscriptions import LIVE, Subscription, SubscriptionPeriod
from billing.operations.subscriptions import defaults, ending, lines, moves, periods, states
from billing.periods import Period
from billing.queries import subscriptions as queries

State = Subscription.State
RENEW_MAX: Final = 500
# A subscription that was asleep for years is brought up to date a few periods a tick.
PERIODS_MAX: Final = 24


def renew_due(*, now: dt.datetime) -> int:
    """Renew or end the subscriptions whose period is over, and return how many periods closed."""
    return sum(_renew_all(key, now) for key in list(_due(now).values_list("pk", flat=True)[:RENEW_MAX]))


def follow(*, subscription: Subscription, period: SubscriptionPeriod, now: dt.datetime) -> None:
    """Do what comes after a closed period of a subscription that was locked: the end, the next one, or nothing yet."""
    if subscription.cancel_at and subscription.cancel_at <= period.ends_at:
        defaults.finish(
            subscription=subscription, reason="cancelled at the end of its period", at=period.ends_at, now=now
        )
    elif subscription.state == State.PAUSED or period.granted_at is None:
        # Resumed, it starts afresh; unpaid, dunning decides, and its payment comes back here.
        return
    else:
        begin_next(subscription=subscription, starts_at=period.ends_at, now=now)


def begin_next(
    *,
    subscription: Subscription,
    starts_at: dt.datetime,
    now: dt.datetime,
    afresh: bool = False,
    charge: bool = True,
) -> SubscriptionPeriod:
    """Open the next period with what was chosen for it, and put its fee on the draft where it says `charge`.

    `afresh` makes the rhythm count from its start.
    """
    last = queries.current(subscription)
    number = last.number + 1
    move = moves.take(subscription=subscription, starts_at=starts_at, now=now)
    facts = _chosen(subscription)
    if afresh or (subscription.pending_tier and subscription.pending_tier.interval != last.tier.interval):
        facts |= {"anchor": starts_at, "anchor_number": number}
    for name, value in facts.items():
        setattr(subscription, name, value)
    place = number - subscription.anchor_number
    cycle = queries.cycle(subscription)
    stretch = Period(starts_at, cycle.period(place).end)
    worth = periods.worth(tier=subscription.tier, quantity=subscription.quantity).part(cycle.share(place))
    facts |= {"current_period_start": stretch.start, "current_period_end": stretch.end}
    states.note(subscription, reason=f"period {number} began", now=now, **facts)
    period = periods.open_period(
        subscription=subscription, number=number, stretch=stretch, worth=worth, now=now
    )
    if move is not None:
        moves.done(move=move, period=period, now=now)
    if charge and period.amount_cents:
        lines.charge_fee(period=period, now=now)
    return period


def _chosen(subscription: Subscription) -> dict[str, Any]:
    tier = subscription.pending_tier or subscription.tier
    quantity = subscription.pending_quantity or subscription.quantity
    return {
        "tier": tier,
        "version": tier.version,
        "quantity": quantity,
        "credits": periods.worth(tier=tier, quantity=quantity).credits,
        "pending_tier": None,
        "pending_quantity": None,
    }


def _due(now: dt.datetime) -> QuerySet[Subscription]:
    unclosed = SubscriptionPeriod.objects.filter(closed_at=None, ends_at__lte=now)
    return Subscription.objects.filter(
        state__in=LIVE, current_period_end__lte=now, pk__in=unclosed.values("subscription_id")
    ).order_by("current_period_end")


def _renew_all(subscription_id: int, now: dt.datetime) -> int:
    closed = 0
    while closed < PERIODS_MAX and _renew(subscription_id, now):
        closed += 1
    return closed


def _renew(subscription_id: int, now: dt.datetime) -> bool:
    with transaction.atomic():
        subscription = states.locked(subscription_id=subscription_id)
        if subscription.state not in LIVE:
            return False
        period = queries.current(subscription)
        # Two ticks at once: the second finds the period closed, or the next one begun.
        if period.closed_at or period.ends_at > now:
            return False
        ending.close_period(period=period, at=period.ends_at, now=now)
        follow(subscription=subscription, period=period, now=now)
    return True
