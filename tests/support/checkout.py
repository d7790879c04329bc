"""Buy at the stand-in: ask for credits, pay or decline, and let our job look the checkout up."""

import datetime as dt
from typing import Any, Final

from accounts.models import Customer
from billing.models import TopUp
from billing.operations import payments, topups
from billing.operations.topups import Order
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
