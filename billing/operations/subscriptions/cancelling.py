"""Leave a subscription: at the end of its period, or now; pause it, and come back."""

import datetime as dt

from django.db import transaction

from billing.models.subscriptions import Subscription
from billing.operations.invoices import drafting
from billing.operations.subscriptions import allowances, defaults, ending, leaving, lines, renewing, states
from billing.operations.subscriptions.states import SubscriptionStateError
from billing.queries import subscriptions as queries

State = Subscription.State


def at_period_end(*, subscription_id: int, actor: str, now: dt.datetime) -> Subscription:
    """Let a subscription end with its period; raise SubscriptionStateError unless it is live."""
    with transaction.atomic():
        subscription = states.locked(subscription_id=subscription_id)
        states.require_live(subscription)
        if subscription.cancel_at is None:
            ends_at = subscription.current_period_end
            states.note(subscription, reason=f"to be cancelled, asked by {actor}", now=now, cancel_at=ends_at)
        return subscription


def keep(*, subscription_id: int, actor: str, now: dt.datetime) -> Subscription:
    """Take a cancellation back that is still to come; raise SubscriptionStateError unless it is live."""
    with transaction.atomic():
        subscription = states.locked(subscription_id=subscription_id)
        states.require_live(subscription)
        if subscription.cancel_at is not None:
            states.note(subscription, reason=f"kept, asked by {actor}", now=now, cancel_at=None)
        return subscription


def at_once(*, subscription_id: int, actor: str, now: dt.datetime) -> Subscription:
    """End a subscription now; the value of what is not consumed comes off the next invoice.

    Raises SubscriptionStateError unless it is live.
    """
    with transaction.atomic():
        subscription = states.locked(subscription_id=subscription_id)
        states.require_live(subscription)
        period = queries.current(subscription)
        stretch = queries.stretch_of(period)
        drafting.lock(customer_id=subscription.customer_id)
        ending.end(subscription=subscription, reason=f"cancelled by {actor}", at=now, now=now)
        back = leaving.take_back(period=period, stretch=stretch, now=now)
        if back.amount_cents:
            invoice = drafting.draft(customer_id=subscription.customer_id, period=stretch, now=now)
            source = f"{queries.period_ref(period)}:unused"
            lines.give_back(subscription=subscription, line=back, source=source, invoice=invoice, now=now)
        if subscription.agent_id is None:
            defaults.give(customer=subscription.customer, now=now)
        return subscription


def pause(*, subscription_id: int, actor: str, now: dt.datetime) -> Subscription:
    """Pause an active subscription: its period runs out and none follows. Raises SubscriptionStateError."""
    with transaction.atomic():
        subscription = states.locked(subscription_id=subscription_id)
        if subscription.state != State.ACTIVE:
            raise SubscriptionStateError(f"A subscription that is {subscription.state} is not paused.")
        states.change(subscription, state=State.PAUSED, reason=f"paused by {actor}", now=now)
        allowances.withdraw(subscription=subscription, now=now)
        return subscription


def resume(*, subscription_id: int, actor: str, now: dt.datetime) -> Subscription:
    """Resume a paused subscription: its period goes on, or a new one begins now. Raises SubscriptionStateError."""
    with transaction.atomic():
        subscription = states.locked(subscription_id=subscription_id)
        if subscription.state != State.PAUSED:
            raise SubscriptionStateError(f"A subscription that is {subscription.state} is not resumed.")
        states.change(subscription, state=State.ACTIVE, reason=f"resumed by {actor}", now=now)
        period = queries.current(subscription)
        if period.ends_at <= now:
            ending.close_period(period=period, at=period.ends_at, now=now)
            renewing.begin_next(subscription=subscription, starts_at=now, now=now, afresh=True)
        elif period.granted_at:
            allowances.permit(period=period, now=now)
        return subscription
