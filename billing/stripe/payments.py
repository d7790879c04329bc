"""Charging a saved card without its owner: one PaymentIntent an attempt, and the card it takes."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from billing.stripe.checkout import CURRENCY, Payment, payment_of
from billing.stripe.client import client
from billing.stripe.errors import translated

EXPANDED: Final = ["latest_charge.balance_transaction"]
LISTED: Final = [f"data.{path}" for path in EXPANDED]
CLOCK_SLACK: Final = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Card:
    """A card on file."""

    payment_method_id: str
    text: str


def newest_card(*, stripe_customer_id: str) -> Card | None:
    """Give the card that the customer used or entered last; None without one."""
    with translated():
        found = client().v1.payment_methods.list({"customer": stripe_customer_id, "type": "card", "limit": 1})
    for method in found.data:
        card = method.card
        assert card is not None
        brand = (card.display_brand or card.brand).replace("_", " ").title()
        return Card(method.id, f"{brand} ending in {card.last4}")
    return None


def charge(
    *,
    reference: str,
    stripe_customer_id: str,
    payment_method_id: str,
    amount_cents: int,
    description: str,
    idempotency_key: str,
) -> Payment:
    """Charge a saved card while its owner is away; raise StripeRefusedError when it is declined."""
    with translated():
        intent = client().v1.payment_intents.create(
            {
                "amount": amount_cents,
                "currency": CURRENCY,
                "customer": stripe_customer_id,
                "payment_method": payment_method_id,
                "payment_method_types": ["card"],
                "off_session": True,
                "confirm": True,
                "description": description,
                "metadata": {"reference": reference},
                "expand": EXPANDED,
            },
            {"idempotency_key": idempotency_key},
        )
    return payment_of(intent)


def look_up(*, intent_id: str) -> Payment:
    """Say how a PaymentIntent stands; raise as errors.translated does."""
    with translated():
        return payment_of(client().v1.payment_intents.retrieve(intent_id, {"expand": EXPANDED}))


def find(*, reference: str, stripe_customer_id: str, since: dt.datetime) -> Payment | None:
    """Find the PaymentIntent of a reference among a customer's; None when Stripe never made one."""
    made = int((since - CLOCK_SLACK).timestamp())
    with translated():
        intents = client().v1.payment_intents.list(
            {"customer": stripe_customer_id, "created": {"gte": made}, "limit": 100, "expand": LISTED}
        )
        for intent in intents.auto_paging_iter():
            found = payment_of(intent)
            if found.reference == reference:
                return found
    return None
