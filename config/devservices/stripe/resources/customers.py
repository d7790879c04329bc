"""Customers."""

from typing import Final

from config.devservices.stripe import expansion, ids, listing
from config.devservices.stripe.errors import Json, missing
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources import addresses
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/customers"
TEXTS: Final = ("description", "email", "name", "phone")
ACCEPTS: Final = (
    *(*TEXTS, "metadata.**", "address.**", "shipping.**", "preferred_locales.**", "tax_exempt"),
    *("invoice_settings.default_payment_method", "payment_method"),
)


@route("POST", URL, *ACCEPTS)
def create(scope: Scope, params: Params) -> Json:
    """Create a customer."""
    customer = scope.save(_blank(scope))
    _apply(scope, customer, params)
    if (method_id := params.text("payment_method")) is not None:
        method = scope.get("payment_method", method_id, param="payment_method")
        scope.save({**method, "customer": customer["id"]})
    scope.emit("customer.created", customer)
    return customer


def create_guest(scope: Scope, *, email: str | None, name: str | None) -> Json:
    """Create the customer that Checkout makes to save a card."""
    customer = scope.save({**_blank(scope), "email": email, "name": name})
    scope.emit("customer.created", customer)
    return customer


@route("GET", URL, *PAGING, *CREATED, "email")
def index(scope: Scope, params: Params) -> Json:
    """List customers."""
    where = {"email": params.text("email")}
    return listing.of_objects(scope, params, "customer", url=URL, where=where)


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return a customer, or the stump of a deleted one."""
    gone = scope.store.find(id)
    if gone is not None and gone.get("deleted"):
        return gone
    return scope.get("customer", id)


@route("POST", URL + "/{id}", *ACCEPTS)
def update(scope: Scope, params: Params, id: str) -> Json:
    """Change a customer."""
    customer = living(scope, id)
    before = dict(customer)
    _apply(scope, customer, params)
    scope.emit("customer.updated", customer, before=before)
    return customer


@route("DELETE", URL + "/{id}")
def delete(scope: Scope, params: Params, id: str) -> Json:
    """Delete a customer and detach its cards."""
    customer = living(scope, id)
    for method in scope.select("payment_method", where={"customer": id}):
        scope.save({**method, "customer": None})
    scope.store.delete(id)
    stump = {"id": id, "object": "customer", "deleted": True}
    scope.store.save(stump, kind="deleted_customer", account=scope.account, created=scope.now)
    scope.emit("customer.deleted", customer)
    return stump


def living(scope: Scope, customer_id: str, *, param: str | None = None) -> Json:
    """Return a customer that was not deleted."""
    customer = scope.get("customer", customer_id, param=param)
    if customer.get("deleted"):
        raise missing("customer", customer_id, param=param)
    return customer


def _blank(scope: Scope) -> Json:
    return {
        "id": ids.new("cus"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": scope.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": ids.token(length=8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def _apply(scope: Scope, customer: Json, params: Params) -> None:
    customer |= {field: params.text(field, longest=512) for field in TEXTS if params.has(field)}
    if params.has("address"):
        customer["address"] = addresses.optional(params, "address")
    if params.has("shipping"):
        customer["shipping"] = _shipping(params.child("shipping"))
    if params.has("preferred_locales"):
        customer["preferred_locales"] = params.strings("preferred_locales")
    if params.has("tax_exempt"):
        customer["tax_exempt"] = params.choice("tax_exempt", ("none", "exempt", "reverse")) or "none"
    settings = params.child("invoice_settings")
    if settings.has("default_payment_method"):
        method = settings.text("default_payment_method")
        if method is not None:
            scope.get("payment_method", method, param=settings.name("default_payment_method"))
        customer["invoice_settings"]["default_payment_method"] = method
    customer["metadata"] = params.metadata(before=customer["metadata"])
    scope.save(customer)


def _shipping(params: Params) -> Json | None:
    if not params.form:
        return None
    return {
        "address": addresses.read(params.child("address")),
        **{field: params.text(field) for field in ("name", "phone")},
    }


def _sources(scope: Scope, customer: Json) -> Json:
    return listing.wrap([], url=f"{URL}/{customer['id']}/sources")


expansion.INCLUDABLE[("customer", "sources")] = _sources
