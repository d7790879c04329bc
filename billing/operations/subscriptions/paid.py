"""What the payment of an invoice means for the period whose fee it bore."""

import datetime as dt

from django.db import connection

from billing.models.subscriptions import AddedSeats, Subscription, SubscriptionPeriod
from billing.operations.plan_fees import Paid
from billing.operations.subscriptions import periods, renewing, states
from billing.queries import subscriptions as queries
from wallets import chart
from wallets.ledger import Source

State = Subscription.State


def period_paid(*, period_id: int, payment_intent_id: str, paid_at: dt.datetime, now: dt.datetime) -> None:
    """Book a period's fee out of `receivable` and grant what it brings, once, in the caller's transaction.

    The caller has booked the invoice's whole payment: cash at Stripe against `receivable`.
    """
    _require_transaction()
    found = SubscriptionPeriod.objects.values_list("subscription_id", flat=True).get(pk=period_id)
    subscription = states.locked(subscription_id=found)
    period = SubscriptionPeriod.objects.select_related("tier").get(pk=period_id)
    period.subscription = subscription
    paid = Paid(
        cents=period.amount_cents,
        account=chart.RECEIVABLE,
        source=Source("subscription_period", queries.period_ref(period)),
        at=paid_at,
    )
    if not periods.grant(period=period, paid=paid, payment_intent_id=payment_intent_id, now=now):
        return
    if subscription.state == State.PAST_DUE:
        states.change(subscription, state=State.ACTIVE, reason=f"paid by {payment_intent_id}", now=now)
    if period.closed_at and subscription.state == State.ACTIVE:
        # It was paid after its time was over: what was put off then follows now.
        renewing.follow(subscription=subscription, period=period, now=now)


def seats_paid(*, added_id: int, payment_intent_id: str, paid_at: dt.datetime, now: dt.datetime) -> None:
    """Book what seats added within a period cost out of `receivable`, as a period's fee, and grant what they bring."""
    _require_transaction()
    added = AddedSeats.objects.select_related("period__subscription", "period__tier").get(pk=added_id)
    states.locked(subscription_id=added.period.subscription_id)
    paid = Paid(
        cents=added.amount_cents,
        account=chart.RECEIVABLE,
        source=Source("subscription_period", queries.added_ref(added)),
        at=paid_at,
    )
    periods.grant_added(added=added, paid=paid, payment_intent_id=payment_intent_id, now=now)


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("A period is paid in the transaction that books the payment.")
