"""SetupIntents: saving a card without charging it."""

from typing import Any, Final

from config.devservices.stripe import cards, events, ids, listing
from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources import customers, payment_methods
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/setup_intents"
USAGES: Final = ("off_session", "on_session")


@route(
    *("POST", URL, "customer", "payment_method", "confirm", "usage", "description", "metadata.**"),
    *("payment_method_types.*", "return_url", "automatic_payment_methods.**"),
)
def create(scope: Scope, params: Params) -> Json:
    """Create an intent to save a card, and confirm it if asked."""
    customer = params.text("customer")
    if customer:
        customers.living(scope, customer, param="customer")
    intent = build(
        scope,
        customer=customer,
        usage=params.choice("usage", USAGES) or "off_session",
        description=params.text("description"),
        metadata=params.metadata(),
    )
    return _confirm(scope, intent, params) if params.flag("confirm") else intent


@route("GET", URL, *PAGING, *CREATED, "customer", "payment_method")
def index(scope: Scope, params: Params) -> Json:
    """List intents."""
    where = {field: params.text(field) for field in ("customer", "payment_method")}
    return listing.of_objects(scope, params, "setup_intent", url=URL, where=where)


@route("GET", URL + "/{id}", "client_secret")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return an intent."""
    return scope.get("setup_intent", id)


@route("POST", URL + "/{id}/confirm", "payment_method", "return_url")
def confirm(scope: Scope, params: Params, id: str) -> Json:
    """Save the card."""
    return _confirm(scope, _open(scope, id), params)


@route("POST", URL + "/{id}/cancel", "cancellation_reason")
def cancel(scope: Scope, params: Params, id: str) -> Json:
    """Cancel an intent."""
    intent = _open(scope, id)
    intent |= {"cancellation_reason": params.text("cancellation_reason"), "status": "canceled"}
    scope.save(intent)
    scope.emit("setup_intent.canceled", intent)
    return intent


def build(scope: Scope, *, customer: str | None, usage: str, **fields: Any) -> Json:
    """Write an intent."""
    intent_id = ids.new("seti")
    intent = {
        "id": intent_id,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": ids.client_secret(intent_id),
        "created": scope.now,
        "customer": customer,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": usage,
        **fields,
    }
    scope.save(intent)
    scope.emit("setup_intent.created", intent)
    return intent


def attempt(scope: Scope, intent: Json, method: Json) -> Json:
    """Save a card, or raise its decline."""
    card = cards.behaviour(method["_number"])
    if not card.attaches:
        error = cards.declined(card.decline or "generic_decline").body["error"]
        intent |= {"last_setup_error": {**error, "payment_method": events.public(method)}}
        scope.save(intent)
        scope.emit("setup_intent.setup_failed", intent)
        raise cards.declined(card.decline or "generic_decline", setup_intent=events.public(intent))
    intent |= {"payment_method": method["id"], "last_setup_error": None, "status": "succeeded"}
    scope.save(intent)
    if intent["customer"]:
        payment_methods.give(scope, method, customer_id=intent["customer"], set_up=True)
    scope.emit("setup_intent.succeeded", intent)
    return intent


def _confirm(scope: Scope, intent: Json, params: Params) -> Json:
    method = payment_methods.find(scope, params.required("payment_method"), param="payment_method")
    return attempt(scope, intent, method)


def _open(scope: Scope, intent_id: str) -> Json:
    intent = scope.get("setup_intent", intent_id)
    if intent["status"] in ("succeeded", "canceled"):
        raise StripeError(
            f"You cannot change this SetupIntent because it has a status of {intent['status']}.",
            code="setup_intent_unexpected_state",
            executed=True,
        )
    return intent
