"""Charging a card for a PaymentIntent: the one place where money comes in."""

from typing import Any, Final

from config.devservices.stripe import balances, cards, events, faults, ids
from config.devservices.stripe.clock import DAY
from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.resources import charges, payment_methods
from config.devservices.stripe.scope import Scope

AMOUNT_MIN: Final = 50
AMOUNT_MAX: Final = 99_999_999
DISPUTE_AFTER_SECONDS: Final = DAY


def check_amount(amount: int, *, param: str = "amount") -> None:
    """Refuse amounts a card cannot be charged."""
    if amount < AMOUNT_MIN:
        raise StripeError(
            "Amount must be at least $0.50 usd"
            if amount > 0
            else "This value must be greater than or equal to 1.",
            code="amount_too_small" if amount > 0 else "parameter_invalid_integer",
            param=param,
        )
    if amount > AMOUNT_MAX:
        raise StripeError("Amount must be no more than $999,999.99", code="amount_too_large", param=param)


def build_intent(scope: Scope, *, amount: int, currency: str, **fields: Any) -> Json:
    """Write a PaymentIntent that waits for a payment method."""
    intent_id = ids.new("pi")
    intent = {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": ids.client_secret(intent_id),
        "confirmation_method": "automatic",
        "created": scope.now,
        "currency": currency,
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        **fields,
    }
    scope.save(intent)
    scope.emit("payment_intent.created", intent)
    return intent


def attempt(
    scope: Scope, intent: Json, method: Json, *, off_session: bool = False, authenticated: bool = False
) -> Json:
    """Charge a card; return the intent, or raise the card error after recording the failure."""
    card = cards.behaviour(method["_number"])
    wants_3ds = card.authenticates == "always" or (card.authenticates != "never" and not method["_set_up"])
    if wants_3ds and not authenticated and not off_session:
        return _ask_authentication(scope, intent, method)
    scripted = faults.take_charge(scope.store, method=scope.method, path=scope.path)
    if scripted and scripted["kind"] == "wait":
        return wait(scope, intent, method)
    decline = card.decline or ("authentication_required" if wants_3ds and not authenticated else None)
    if scripted:
        decline = scripted.get("decline_code", "generic_decline")
    if decline:
        raise decline_intent(scope, intent, method, decline_code=decline)
    return _succeed(scope, intent, method, card)


def wait(scope: Scope, intent: Json, method: Json) -> Json:
    """Leave a payment under way whose outcome takes its time."""
    intent |= {"payment_method": method["id"], "status": "processing"}
    scope.save(intent)
    scope.emit("payment_intent.processing", intent)
    return intent


def decline_intent(scope: Scope, intent: Json, method: Json, *, decline_code: str) -> StripeError:
    """Record a failed charge and return the error to raise."""
    error = cards.declined(decline_code).body["error"]
    charge = charges.as_failed(
        charges.of_intent(scope, intent, method),
        code=error["code"],
        decline_code=decline_code,
        message=error["message"],
    )
    scope.save(charge)
    intent |= {
        "last_payment_error": {**error, "charge": charge["id"], "payment_method": events.public(method)},
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    scope.save(intent)
    scope.emit("charge.failed", charge)
    scope.emit("payment_intent.payment_failed", intent)
    return cards.declined(
        decline_code,
        charge=charge["id"],
        payment_intent=events.public(intent),
        payment_method=events.public(method),
    )


def _ask_authentication(scope: Scope, intent: Json, method: Json) -> Json:
    intent |= {
        "last_payment_error": None,
        "next_action": {
            "redirect_to_url": {
                "return_url": intent.get("_return_url"),
                "url": f"{scope.base_url}/3ds/{intent['id']}",
            },
            "type": "redirect_to_url",
        },
        "payment_method": method["id"],
        "status": "requires_action",
    }
    scope.save(intent)
    scope.emit("payment_intent.requires_action", intent)
    return intent


def _succeed(scope: Scope, intent: Json, method: Json, card: cards.Card) -> Json:
    charge = charges.of_intent(scope, intent, method)
    txn = balances.book(
        scope,
        type="charge",
        category="charge",
        amount=intent["amount"],
        currency=intent["currency"],
        source=charge["id"],
        fee=balances.card_fee(intent["amount"]),
        available_on=scope.now if card.available_at_once else balances.pending_until(scope),
        description=intent["description"],
    )
    charge |= {"balance_transaction": txn["id"], "_refund_fails": card.refund_fails}
    if card.dispute:
        charge |= {"_dispute": card.dispute, "_dispute_at": scope.now + DISPUTE_AFTER_SECONDS}
    scope.save(charge)
    intent |= {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": method["id"],
        "status": "succeeded",
    }
    scope.save(intent)
    if intent["setup_future_usage"] and intent["customer"]:
        payment_methods.give(scope, method, customer_id=intent["customer"], set_up=True)
    scope.emit("charge.succeeded", charge)
    scope.emit("payment_intent.succeeded", intent)
    return intent
