"""Checkout sessions over the API."""

import time
from typing import Any, Final

from config.devservices.stripe import expansion, listing
from config.devservices.stripe.errors import Json, StripeError, refused
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources import checkout_session, customers, line_items, payment_intents
from config.devservices.stripe.resources.checkout_session import KIND
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/checkout/sessions"
LIFE_DEFAULT: Final = 24 * 3600
LIFE_MIN: Final = 30 * 60
CLOCK_SLACK: Final = 120
INTENT_DATA: Final = (*payment_intents.TEXTS, "setup_future_usage", "metadata.**")
FILTERS: Final = ("customer", "payment_intent", "status")


@route(
    *("POST", URL, "mode", "success_url", "cancel_url", "client_reference_id", "customer", "customer_email"),
    *("customer_creation", "expires_at", "metadata.**", "payment_method_types.*", "locale", "submit_type"),
    *("ui_mode", "currency", "billing_address_collection", *line_items.ACCEPTS),
    *(f"payment_intent_data.{field}" for field in INTENT_DATA),
    *("setup_intent_data.metadata.**", "setup_intent_data.description", "saved_payment_method_options.**"),
)
def create(scope: Scope, params: Params) -> Json:
    """Open a session for a hosted page."""
    mode = params.choice("mode", ("payment", "setup"))
    if mode is None:
        raise params.lacking("mode")
    if params.text("customer") and params.text("customer_email"):
        raise StripeError("You may only specify one of these parameters: customer, customer_email.")
    session = checkout_session.build(
        scope,
        mode=mode,
        success_url=params.required("success_url"),
        items=line_items.read(scope, params, mode=mode),
        currency=params.text("currency"),
    )
    session |= _given(scope, params)
    session |= _deadline(scope, params)
    session["_intent"] = _intent_data(params.child("payment_intent_data"))
    return scope.save(session)


@route("GET", URL, *PAGING, *CREATED, *FILTERS)
def index(scope: Scope, params: Params) -> Json:
    """List sessions."""
    where = {field: params.text(field) for field in FILTERS}
    return listing.of_objects(scope, params, KIND, url=URL, where=where)


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return a session."""
    return scope.get(KIND, id)


@route("POST", URL + "/{id}/expire")
def expire(scope: Scope, params: Params, id: str) -> Json:
    """Expire an open session."""
    session = scope.get(KIND, id)
    if session["status"] != "open":
        raise refused(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {session["status"]}.'
        )
    return checkout_session.expire(scope, session)


@route("GET", URL + "/{id}/line_items", *PAGING)
def index_line_items(scope: Scope, params: Params, id: str) -> Json:
    """List what a session sells."""
    session = scope.get(KIND, id)
    return listing.of_items(params, session["_items"], url=f"{URL}/{id}/line_items")


def expire_due(scope: Scope) -> None:
    """Expire the open sessions whose time has come."""
    for session in scope.select(KIND, where={"status": "open"}):
        if session["_deadline"] <= scope.now:
            checkout_session.expire(scope, session)


def _given(scope: Scope, params: Params) -> Json:
    texts = ("cancel_url", "client_reference_id", "customer_email", "locale", "submit_type")
    customer_id = params.text("customer")
    creation = params.choice("customer_creation", ("always", "if_required")) or "if_required"
    customer = customers.living(scope, customer_id, param="customer") if customer_id else None
    given: dict[str, Any] = {
        **{field: params.text(field) for field in texts},
        "customer": customer_id,
        "customer_creation": None if customer else creation,
        "metadata": params.metadata(),
    }
    email = customer["email"] if customer else given["customer_email"]
    if email:
        given["customer_details"] = checkout_session.customer_details(
            email=email, name=customer["name"] if customer else None
        )
    return given


def _deadline(scope: Scope, params: Params) -> Json:
    # A client whose clock was not moved on asks in the machine's time: its wish is kept, counted from our clock.
    from_now = scope.now + LIFE_DEFAULT
    asked = params.integer("expires_at")
    if asked is None:
        return {"expires_at": from_now, "_deadline": from_now}
    for now in (scope.now, int(time.time())):
        if now + LIFE_MIN - CLOCK_SLACK <= asked <= now + LIFE_DEFAULT + CLOCK_SLACK:
            return {"expires_at": asked, "_deadline": asked - now + scope.now}
    raise StripeError(
        "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout Session creation.",
        param="expires_at",
    )


def _intent_data(params: Params) -> Json:
    return {
        **{field: params.text(field) for field in payment_intents.TEXTS if params.has(field)},
        "metadata": params.metadata(),
        "setup_future_usage": params.choice("setup_future_usage", payment_intents.USAGES),
    }


def _line_items(scope: Scope, session: Json) -> Json:
    items = scope.get(KIND, session["id"])["_items"]
    return listing.wrap(items, url=f"{URL}/{session['id']}/line_items")


expansion.INCLUDABLE[(KIND, "line_items")] = _line_items
expansion.INCLUDABLE[("total_details", "breakdown")] = lambda *_: {"discounts": [], "taxes": []}
