"""Stripe's hosted checkout: open a session, look one up, close one."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import stripe

from billing.stripe.balance import BalanceLine, line
from billing.stripe.client import client
from billing.stripe.errors import translated

CURRENCY: Final = "usd"
# One call tells everything that crediting needs: what was paid, by which charge, and Stripe's fee.
EXPANDED: Final = ["payment_intent.latest_charge.balance_transaction"]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a checkout."""

    title: str
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that waits for its customer."""

    session_id: str
    url: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Payment:
    """What Stripe knows of the money of one session."""

    intent_id: str
    status: str
    currency: str
    received_cents: int
    charge_id: str
    paid_at: dt.datetime | None
    failure: str
    balance_line: BalanceLine | None
    failure_code: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A session as Stripe has it now."""

    session_id: str
    reference: str
    status: str
    payment_status: str
    currency: str
    amount_cents: int
    payment: Payment | None
    mode: str = "payment"

    @property
    def is_paid(self) -> bool:
        """Say whether the money is there; `complete` alone does not mean paid."""
        return (
            self.payment_status == "paid" and self.payment is not None and self.payment.status == "succeeded"
        )


def open_session(
    *,
    reference: str,
    stripe_customer_id: str,
    items: Sequence[Item],
    success_url: str,
    cancel_url: str,
    idempotency_key: str,
) -> Opened:
    """Open a checkout that saves the card; raise as errors.translated does."""
    with translated():
        session = client().v1.checkout.sessions.create(
            {
                "mode": "payment",
                "client_reference_id": reference,
                "customer": stripe_customer_id,
                "line_items": [
                    {
                        "price_data": {
                            "currency": CURRENCY,
                            "unit_amount": item.amount_cents,
                            "product_data": {"name": item.title},
                        },
                        "quantity": 1,
                    }
                    for item in items
                ],
                "payment_intent_data": {
                    "setup_future_usage": "off_session",
                    "metadata": {"reference": reference},
                },
                "metadata": {"reference": reference},
                "success_url": success_url,
                "cancel_url": cancel_url,
            },
            {"idempotency_key": idempotency_key},
        )
    return Opened(session_id=session.id, url=session.url or "", expires_at=_time(session.expires_at))


def open_setup(
    *, reference: str, stripe_customer_id: str, success_url: str, cancel_url: str, idempotency_key: str
) -> Opened:
    """Open a page that takes another card and charges nothing; raise as errors.translated does."""
    with translated():
        session = client().v1.checkout.sessions.create(
            {
                "mode": "setup",
                "currency": CURRENCY,
                "client_reference_id": reference,
                "customer": stripe_customer_id,
                "metadata": {"reference": reference},
                "success_url": success_url,
                "cancel_url": cancel_url,
            },
            {"idempotency_key": idempotency_key},
        )
    return Opened(session_id=session.id, url=session.url or "", expires_at=_time(session.expires_at))


def retrieve(*, session_id: str) -> Checkout:
    """Look a session up, with its payment; raise as errors.translated does."""
    with translated():
        session = client().v1.checkout.sessions.retrieve(session_id, {"expand": EXPANDED})
    return Checkout(
        session_id=session.id,
        reference=session.client_reference_id or "",
        status=session.status or "",
        payment_status=session.payment_status,
        currency=session.currency or "",
        amount_cents=session.amount_total or 0,
        payment=payment_of(session.payment_intent) if session.payment_intent else None,
        mode=session.mode,
    )


def expire(*, session_id: str) -> bool:
    """Close a session, so that nobody can pay it any more; say whether it ended unpaid."""
    sessions = client().v1.checkout.sessions
    with translated():
        if sessions.retrieve(session_id).status == "open":
            # It may be paid at this very moment: Stripe refuses then, and the second look tells.
            with suppress(stripe.InvalidRequestError):
                sessions.expire(session_id)
        return sessions.retrieve(session_id).status == "expired"


def payment_of(intent: Any) -> Payment:
    """Read a PaymentIntent that came with its latest charge."""
    assert isinstance(intent, stripe.PaymentIntent)
    charge = intent.latest_charge
    assert charge is None or isinstance(charge, stripe.Charge)
    fees = charge.balance_transaction if charge else None
    assert fees is None or isinstance(fees, stripe.BalanceTransaction)
    error = intent.last_payment_error
    return Payment(
        intent_id=intent.id,
        status=intent.status,
        currency=intent.currency,
        received_cents=intent.amount_received,
        charge_id=charge.id if charge else "",
        paid_at=_time(charge.created) if charge and charge.paid else None,
        failure=(error.message or error.code or "") if error else "",
        failure_code=(error.decline_code or error.code or "") if error else "",
        balance_line=replace(line(fees), origin_id=intent.id) if fees else None,
        reference=_reference(intent),
    )


def _reference(intent: stripe.PaymentIntent) -> str:
    # An object of the SDK's has no get, and raises for what it lacks.
    named = "reference" in intent.metadata
    return str(intent.metadata["reference"]) if named else ""


def _time(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
