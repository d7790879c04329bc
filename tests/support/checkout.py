"""Buy at the stand-in: ask for credits, pay or decline, and let our job look the checkout up."""

import datetime as dt
from typing import Any, Final

from accounts.models import Customer
from billing.models import Refund, TopUp
from billing.operations import payments, topups
from billing.operations.refunds import settling
from billing.operations.topups import Order
from billing.queries import lineage
from billing.stripe.checkout import Checkout, Payment
from billing.stripe.refunds import StripeRefund
from tests.support.processes import StripeStandin

NOW: Final = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
TEN_DOLLARS: Final = Order(amount_cents=1_000)


def ask(customer: Customer, *, key: str = "first", order: Order = TEN_DOLLARS) -> TopUp:
    """Ask for credits, as a page would."""
    found = topups.request(
        customer=customer, principal=f"page:{customer.public_id}", key=key, order=order, now=NOW
    )
    return found.top_up


def pay(standin: StripeStandin, session_id: str, **card: Any) -> Any:
    """Pay a checkout as its page would."""
    return standin.post(f"/_sim/checkout/sessions/{session_id}/complete", **card)


def buy(
    customer: Customer, standin: StripeStandin, *, key: str = "first", order: Order = TEN_DOLLARS
) -> TopUp:
    """Buy credits: ask, pay, and fulfil as the webhook's job does."""
    top_up = ask(customer, key=key, order=order)
    pay(standin, top_up.stripe_session_id)
    payments.fulfil(session_id=top_up.stripe_session_id, now=NOW)
    top_up.refresh_from_db()
    return top_up


def bought_unseen(
    customer: Customer, intent_id: str = "pi_first", *, bonus_bp: int = 0, now: dt.datetime = NOW
) -> TopUp:
    """Buy credits for $10 without Stripe: ask, and credit as its webhook's job does."""
    order = Order(amount_cents=1_000, package="prepaid-10", bonus_bp=bonus_bp)
    asked = topups._write(customer=customer, principal="test", key=intent_id, order=order, now=now)[0]
    payment = Payment(
        intent_id=intent_id,
        status="succeeded",
        currency="usd",
        received_cents=1_000,
        charge_id=f"ch_{intent_id}",
        paid_at=now,
        failure="",
        balance_line=None,
    )
    paid = Checkout("", asked.public_id, "complete", "paid", "usd", 1_000, payment)
    topups.credit(top_up_id=asked.pk, checkout=paid, payment=payment, now=now)
    asked.refresh_from_db()
    return asked


def refunded_unseen(
    intent_id: str, stripe_id: str, cents: int, *, lost: bool = False, now: dt.datetime = NOW
) -> None:
    """Let Stripe tell that money of a payment was given back, or came back."""
    payment = lineage.by_intent(intent_id=intent_id)
    assert payment is not None
    found = StripeRefund(stripe_id, intent_id, cents, "", lost, "", now + dt.timedelta(hours=1))
    known = Refund.objects.filter(stripe_refund_id=stripe_id).first()
    if known is not None:
        settling.settled(refund_id=known.pk, found=found, now=now)
    elif not lost:
        settling.adopt(payment, found, now)
