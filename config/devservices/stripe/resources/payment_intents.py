"""PaymentIntents over the API."""

from typing import Final

from config.devservices.stripe import listing
from config.devservices.stripe.errors import Json, StripeError, refused
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources import customers, payment_methods, payments
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/payment_intents"
USAGES: Final = ("off_session", "on_session")
REASONS: Final = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
TEXTS: Final = (
    "description",
    "receipt_email",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)
CHANGEABLE: Final = ("amount", "customer", "payment_method", "setup_future_usage", "metadata.**", *TEXTS)
CONFIRMING: Final = ("off_session", "return_url", "payment_method", "error_on_requires_action")
METHOD_CHOICE: Final = (
    *("automatic_payment_methods.enabled", "automatic_payment_methods.allow_redirects"),
    *("payment_method_types.*", "confirmation_method", "capture_method"),
)


@route("POST", URL, "currency", "confirm", *CHANGEABLE, *CONFIRMING, *METHOD_CHOICE)
def create(scope: Scope, params: Params) -> Json:
    """Create an intent, and confirm it if asked."""
    amount = params.required_integer("amount")
    payments.check_amount(amount)
    currency = params.currency()
    confirm = params.flag("confirm")
    if not confirm and params.has("off_session"):
        raise StripeError(
            "The parameter `off_session` is only allowed with `confirm=true`.", param="off_session"
        )
    if confirm and not params.has("payment_method"):
        raise _needs_method()
    fields = _fields(scope, params)
    if params.has("automatic_payment_methods"):
        automatic = params.child("automatic_payment_methods")
        fields["automatic_payment_methods"] = {
            "allow_redirects": automatic.choice("allow_redirects", ("always", "never")) or "always",
            "enabled": automatic.flag("enabled"),
        }
    intent = payments.build_intent(scope, amount=amount, currency=currency, **fields)
    return _confirm(scope, intent, params) if confirm else intent


@route("GET", URL, *PAGING, *CREATED, "customer")
def index(scope: Scope, params: Params) -> Json:
    """List intents."""
    where = {"customer": params.text("customer")}
    return listing.of_objects(scope, params, "payment_intent", url=URL, where=where)


@route("GET", URL + "/{id}", "client_secret")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return an intent."""
    return scope.get("payment_intent", id)


@route("POST", URL + "/{id}", *CHANGEABLE)
def update(scope: Scope, params: Params, id: str) -> Json:
    """Change an intent that was not paid."""
    intent = _open(scope, id)
    amount = params.integer("amount")
    if amount is not None:
        payments.check_amount(amount)
        intent["amount"] = amount
    return scope.save(intent | _fields(scope, params, before=intent))


@route("POST", URL + "/{id}/confirm", *CONFIRMING, "setup_future_usage", "receipt_email")
def confirm(scope: Scope, params: Params, id: str) -> Json:
    """Charge the card of an intent."""
    intent = _open(scope, id)
    return _confirm(scope, intent | _fields(scope, params, before=intent), params)


@route("POST", URL + "/{id}/cancel", "cancellation_reason")
def cancel(scope: Scope, params: Params, id: str) -> Json:
    """Cancel an intent that was not paid."""
    intent = _open(scope, id)
    reason = params.choice("cancellation_reason", REASONS)
    intent |= {
        "canceled_at": scope.now,
        "cancellation_reason": reason,
        "next_action": None,
        "status": "canceled",
    }
    scope.save(intent)
    scope.emit("payment_intent.canceled", intent)
    return intent


def _confirm(scope: Scope, intent: Json, params: Params) -> Json:
    if intent["payment_method"] is None:
        raise _needs_method()
    method = payment_methods.find(scope, intent["payment_method"], param="payment_method")
    if method["customer"] is not None and method["customer"] != intent["customer"]:
        raise StripeError(
            f"The provided PaymentMethod ({method['id']}) belongs to the Customer {method['customer']}, and cannot "
            "be used with this PaymentIntent.",
            param="payment_method",
        )
    if method.get("_detached"):
        raise refused(
            "This PaymentMethod was detached from a Customer, and may not be used again.",
            code="payment_method_unexpected_state",
        )
    intent["_return_url"] = params.text("return_url")
    return payments.attempt(scope, intent, method, off_session=params.flag("off_session"))


def _open(scope: Scope, intent_id: str) -> Json:
    intent = scope.get("payment_intent", intent_id)
    if intent["status"] in ("succeeded", "canceled"):
        raise StripeError(
            f"You cannot change this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
            payment_intent={"id": intent["id"], "object": "payment_intent", "status": intent["status"]},
            executed=True,
        )
    return intent


def _fields(scope: Scope, params: Params, *, before: Json | None = None) -> Json:
    fields: Json = {field: params.text(field) for field in TEXTS if params.has(field)}
    if params.has("setup_future_usage"):
        fields["setup_future_usage"] = params.choice("setup_future_usage", USAGES)
    if (customer := params.text("customer")) is not None:
        fields["customer"] = customers.living(scope, customer, param="customer")["id"]
    if (method := params.text("payment_method")) is not None:
        fields["payment_method"] = payment_methods.find(scope, method, param="payment_method")["id"]
        fields["status"] = "requires_confirmation"
    fields["metadata"] = params.metadata(before=before["metadata"] if before else None)
    return fields


def _needs_method() -> StripeError:
    return StripeError(
        "You cannot confirm this PaymentIntent because it's missing a payment method.",
        code="payment_intent_unexpected_state",
    )
