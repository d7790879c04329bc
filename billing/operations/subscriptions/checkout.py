"""Subscriptions that wait for their first payment: the checkout opens, and what Stripe says of it is done, once."""

import datetime as dt

from django.db import transaction

from billing.models.subscriptions import LIVE, Subscription
from billing.operations import checkouts, quarantine
from billing.operations.invoices import first
from billing.operations.plan_fees import Paid
from billing.operations.subscriptions import periods, starting, states, trials
from billing.stripe.checkout import Checkout, Payment
from billing.stripe.errors import StripeRefusedError
from billing.taxes import Tax
from config.kit.errors import ConflictError
from wallets import chart
from wallets.ledger import Source

State = Subscription.State
FAILURE_LENGTH_MAX = 300


def open_for(*, subscription: Subscription, title: str, now: dt.datetime) -> None:
    """Open the checkout of a subscription; raise ConflictError when it has lapsed, and as checkouts.open_for does."""
    if subscription.stripe_session_id:
        return
    if subscription.state != State.INCOMPLETE:
        raise ConflictError(subscription.failure or "This subscription has lapsed; subscribe again.")
    try:
        checkouts.open_for(
            purchase=subscription,
            customer=subscription.customer,
            reference=subscription.public_id,
            title=title,
            tax=Tax(subscription.tax_country, subscription.tax_rate, subscription.tax_cents),
            now=now,
        )
    except StripeRefusedError as refusal:
        _close(subscription_id=subscription.pk, failure=refusal.detail, now=now)
        raise


def settle(*, subscription: Subscription, checkout: Checkout, now: dt.datetime) -> None:
    """Bring a subscription in line with what Stripe says of its checkout."""
    payment = checkout.payment
    if payment is not None and checkout.is_paid:
        activate(subscription_id=subscription.pk, checkout=checkout, payment=payment, now=now)
    elif checkout.mode == "setup" and checkout.status == "complete":
        trials.begin(subscription_id=subscription.pk, now=now)
    elif checkout.status == "expired":
        _close(subscription_id=subscription.pk, failure="The checkout expired.", now=now)
    elif (
        payment is not None and checkout.status == "complete" and payment.status == "requires_payment_method"
    ):
        _close(subscription_id=subscription.pk, failure=payment.failure or "The payment failed.", now=now)
    elif payment is not None and payment.failure:
        waiting = Subscription.objects.filter(pk=subscription.pk, state=State.INCOMPLETE)
        waiting.update(failure=payment.failure[:FAILURE_LENGTH_MAX])


def activate(*, subscription_id: int, checkout: Checkout, payment: Payment, now: dt.datetime) -> None:
    """Start the first period of a paid subscription, exactly once; what does not match goes to suspense."""
    with transaction.atomic():
        subscription = states.locked(subscription_id=subscription_id)
        if subscription.payment_intent_id == payment.intent_id:
            return
        problem = _mismatch(subscription, checkout, payment)
        if problem:
            quarantine.payment(payment=payment, reference=subscription.public_id, reason=problem, now=now)
            return
        period = starting.start(
            subscription=subscription,
            reason=f"paid by {payment.intent_id}",
            now=now,
            failure="",
            payment_intent_id=payment.intent_id,
            charge_id=payment.charge_id,
            paid_at=now,
        )
        paid = Paid(
            cents=period.amount_cents,
            account=chart.STRIPE_CASH,
            source=Source("payment_intent", payment.intent_id),
            at=payment.paid_at or now,
        )
        periods.grant(period=period, paid=paid, payment_intent_id=payment.intent_id, now=now)
        first.paid_at_checkout(subscription=subscription, period=period, payment=payment, now=now)


def lapse(*, subscription: Subscription, now: dt.datetime) -> None:
    """Expire a subscription that never came to a checkout: nobody can pay it."""
    _close(subscription_id=subscription.pk, failure="The checkout never opened.", now=now)


def _mismatch(subscription: Subscription, checkout: Checkout, payment: Payment) -> str:
    if subscription.payment_intent_id:
        return f"a second payment of {subscription.public_id}, which {subscription.payment_intent_id} paid"
    asked = (subscription.amount_cents, "usd")
    if (checkout.amount_cents, checkout.currency) != asked or (
        payment.received_cents,
        payment.currency,
    ) != asked:
        return f"{payment.received_cents} {payment.currency} came for {asked[0]} {asked[1]}"
    # What costs nothing gives way to what is paid; nobody pays twice for one thing.
    others = Subscription.objects.filter(
        customer=subscription.customer, agent=subscription.agent, state__in=LIVE, tier__price_usd__gt=0
    )
    if others.exists():
        return f"{subscription.customer} pays twice for {subscription.agent or subscription.version.plan}"
    return ""


def _close(*, subscription_id: int, failure: str, now: dt.datetime) -> None:
    with transaction.atomic():
        subscription = states.locked(subscription_id=subscription_id)
        if subscription.state == State.INCOMPLETE:
            kept = failure[:FAILURE_LENGTH_MAX]
            states.change(subscription, state=State.EXPIRED, reason=kept, now=now, failure=kept)
