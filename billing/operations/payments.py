"""What Stripe says of our checkouts, brought into our books: by webhook, or by the sweeper."""

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Final, TypeVar, assert_never

from django.db.models import Q, QuerySet

from billing.models.invoice_payments import InvoicePayment
from billing.models.subscriptions import Subscription
from billing.models.topups import TopUp
from billing.operations import fees, subscriptions, topups
from billing.operations.invoices import cards, paying
from billing.queries import purchases
from billing.queries.purchases import Bought
from billing.stripe import checkout
from billing.stripe import payments as stripe_payments
from config.kit import jobs

logger = logging.getLogger(__name__)

Row = TypeVar("Row", TopUp, Subscription, InvoicePayment)

FRESH: Final = dt.timedelta(seconds=30)
YOUNG: Final = dt.timedelta(minutes=15)
YOUNG_PAUSE: Final = dt.timedelta(seconds=50)
OLD_PAUSE: Final = dt.timedelta(minutes=15)
# Stripe keeps a key for a day: after that a checkout that never opened cannot be asked for safely.
UNOPENED_MAX: Final = dt.timedelta(hours=24)
SWEEP_MAX: Final = 200
PENDING: Final = InvoicePayment.State.PENDING


def fulfil(*, session_id: str, now: dt.datetime) -> None:
    """Ask Stripe how a checkout stands and do what follows; leave alone what is not ours."""
    found = checkout.retrieve(session_id=session_id)
    purchase = purchases.by_reference(reference=found.reference)
    if found.mode == "setup":
        owner = purchase.customer if isinstance(purchase, Subscription) else None
        cards.adopt(reference=owner.public_id if owner else found.reference, now=now)
        if owner is None:
            return
    if purchase is None:
        logger.warning("checkout.not_ours session=%s", session_id)
        return
    match purchase:
        case TopUp():
            topups.settle(top_up=purchase, checkout=found, now=now)
        case Subscription():
            subscriptions.settle(subscription=purchase, checkout=found, now=now)
        case InvoicePayment():
            paying.settle(payment=purchase, checkout=found, now=now)
        case _:
            assert_never(purchase)
    if found.payment is not None and found.payment.balance_line is not None:
        fees.record(line=found.payment.balance_line, now=now)


def follow(*, intent_id: str) -> None:
    """Have a payment looked up soon that no event told of, as its event would have; leave alone what is not ours."""
    purchase = purchases.by_reference(reference=stripe_payments.look_up(intent_id=intent_id).reference)
    if purchase is None:
        logger.warning("payment.not_ours intent=%s", intent_id)
    elif purchase.stripe_session_id:
        jobs.enqueue("billing.fulfil_checkout", session_id=purchase.stripe_session_id)
    else:
        jobs.enqueue("billing.follow_charge", intent_id=intent_id)


def look_up(*, session_ids: Sequence[str]) -> int:
    """Have checkouts looked up soon, and return how many."""
    for session_id in session_ids:
        jobs.enqueue("billing.fulfil_checkout", session_id=session_id)
    return len(session_ids)


def sweep(*, now: dt.datetime) -> int:
    """Look again at what still waits for its payment, and lapse what never came to a checkout."""
    waiting: list[Bought] = [
        *_due(TopUp.objects.filter(status=TopUp.Status.PENDING), now),
        *_due(Subscription.objects.filter(state=Subscription.State.INCOMPLETE), now),
        *_due(InvoicePayment.objects.filter(state=PENDING, method=InvoicePayment.Method.CHECKOUT), now),
    ]
    for purchase in waiting:
        type(purchase).objects.filter(pk=purchase.pk).update(checked_at=now)
        if purchase.stripe_session_id:
            jobs.enqueue("billing.fulfil_checkout", session_id=purchase.stripe_session_id)
        else:
            _lapse(purchase, now)
    return len(waiting)


def _due(rows: "QuerySet[Row]", now: dt.datetime) -> "list[Row]":
    again = Q(checked_at=None) | Q(checked_at__lte=now - OLD_PAUSE)
    soon = Q(checked_at__lte=now - YOUNG_PAUSE, created_at__gt=now - YOUNG)
    opened = ~Q(stripe_session_id="") & Q(created_at__lte=now - FRESH) & (again | soon)
    unopened = Q(stripe_session_id="", created_at__lte=now - UNOPENED_MAX)
    return list(rows.filter(opened | unopened).order_by("created_at")[:SWEEP_MAX])


def _lapse(purchase: Bought, now: dt.datetime) -> None:
    match purchase:
        case TopUp():
            topups.lapse(top_up=purchase, now=now)
        case Subscription():
            subscriptions.lapse(subscription=purchase, now=now)
        case InvoicePayment():
            paying.lapse(payment=purchase, now=now)
        case _:
            assert_never(purchase)
