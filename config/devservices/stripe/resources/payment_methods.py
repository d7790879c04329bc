"""Payment methods: cards."""

import hashlib
import time
from typing import Final

from config.devservices.stripe import cards, ids, listing
from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources import addresses, customers
from config.devservices.stripe.routing import PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/payment_methods"
DISPLAY: Final = ("always", "limited", "unspecified")
EXPIRY_YEARS: Final = 4


@route(
    *("POST", URL, "type", "metadata.**", "allow_redisplay", "customer", *addresses.BILLING_ACCEPTS),
    *("card.number", "card.exp_month", "card.exp_year", "card.cvc", "card.token"),
)
def create(scope: Scope, params: Params) -> Json:
    """Create a card."""
    if params.choice("type", ("card",)) is None:
        raise params.lacking("type")
    card = params.child("card")
    token = card.text("token")
    number = cards.TOKENS.get(token, "") if token else cards.checked_number(card.required("number"))
    if not number:
        raise StripeError(f"No such token: '{token}'", code="resource_missing", param="card[token]")
    year = time.gmtime(scope.now).tm_year + EXPIRY_YEARS
    return build(
        scope,
        number=number,
        exp_month=12 if token else card.required_integer("exp_month"),
        exp_year=year if token else card.required_integer("exp_year"),
        billing_details=addresses.billing_details(params),
        metadata=params.metadata(),
        allow_redisplay=params.choice("allow_redisplay", DISPLAY) or "unspecified",
    )


def build(
    scope: Scope,
    *,
    number: str,
    exp_month: int,
    exp_year: int,
    billing_details: Json,
    metadata: dict[str, str] | None = None,
    allow_redisplay: str = "unspecified",
) -> Json:
    """Write a card that nobody owns yet."""
    today = time.gmtime(scope.now)
    cards.check_expiry(month=exp_month, year=exp_year, now_month=today.tm_mon, now_year=today.tm_year)
    return scope.save(
        {
            "id": ids.new("pm"),
            "object": "payment_method",
            "allow_redisplay": allow_redisplay,
            "billing_details": billing_details,
            "card": _card(number, exp_month=exp_month, exp_year=exp_year),
            "created": scope.now,
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": metadata or {},
            "type": "card",
            "_number": number,
            "_set_up": False,
        }
    )


@route("GET", URL, *PAGING, "customer", "type")
def index(scope: Scope, params: Params) -> Json:
    """List payment methods, of a customer or all."""
    where = {"customer": params.text("customer"), "type": params.text("type")}
    return listing.of_objects(scope, params, "payment_method", url=URL, where=where)


@route("GET", customers.URL + "/{id}/payment_methods", *PAGING, "type")
def index_of_customer(scope: Scope, params: Params, id: str) -> Json:
    """List a customer's payment methods."""
    scope.get("customer", id)
    url = f"{customers.URL}/{id}/payment_methods"
    return listing.of_objects(scope, params, "payment_method", url=url, where={"customer": id})


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return a payment method."""
    return find(scope, id)


@route("GET", customers.URL + "/{customer}/payment_methods/{id}")
def retrieve_of_customer(scope: Scope, params: Params, customer: str, id: str) -> Json:
    """Return a customer's payment method."""
    return find(scope, id)


@route("POST", URL + "/{id}", "metadata.**", "allow_redisplay", *addresses.BILLING_ACCEPTS)
def update(scope: Scope, params: Params, id: str) -> Json:
    """Change a payment method's metadata or billing details."""
    method = find(scope, id)
    method["metadata"] = params.metadata(before=method["metadata"])
    if params.has("billing_details"):
        method["billing_details"] = addresses.billing_details(params)
    scope.save(method)
    scope.emit("payment_method.updated", method)
    return method


@route("POST", URL + "/{id}/attach", "customer")
def attach(scope: Scope, params: Params, id: str) -> Json:
    """Give a card to a customer."""
    customer = customers.living(scope, params.required("customer"), param="customer")
    method = find(scope, id)
    behaviour = cards.behaviour(method["_number"])
    if not behaviour.attaches:
        raise cards.declined(behaviour.decline or "generic_decline")
    return give(scope, method, customer_id=customer["id"])


@route("POST", URL + "/{id}/detach")
def detach(scope: Scope, params: Params, id: str) -> Json:
    """Take a card from its customer, for good."""
    method = find(scope, id)
    if method["customer"] is None:
        raise StripeError(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    customer = scope.get("customer", method["customer"])
    if customer["invoice_settings"]["default_payment_method"] == id:
        customer["invoice_settings"]["default_payment_method"] = None
        scope.save(customer)
    before = dict(method)
    method |= {"customer": None, "_detached": True}
    scope.save(method)
    scope.emit("payment_method.detached", method, before=before)
    return method


def give(scope: Scope, method: Json, *, customer_id: str, set_up: bool = False) -> Json:
    """Attach a card that is free or already this customer's."""
    if method.get("_detached") or method["customer"] not in (None, customer_id):
        raise StripeError(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again.",
            code="payment_method_unexpected_state",
        )
    fresh = method["customer"] is None
    method |= {"customer": customer_id, "_set_up": method["_set_up"] or set_up}
    scope.save(method)
    if fresh:
        scope.emit("payment_method.attached", method)
    return method


def find(scope: Scope, method_id: str, *, param: str | None = None) -> Json:
    """Return a payment method; a test token such as `pm_card_visa` makes one."""
    if method_id not in cards.TOKENS:
        return scope.get("payment_method", method_id, param=param)
    year = time.gmtime(scope.now).tm_year + EXPIRY_YEARS
    details = addresses.billing_details(Params({}))
    return build(scope, number=cards.TOKENS[method_id], exp_month=12, exp_year=year, billing_details=details)


def _card(number: str, *, exp_month: int, exp_year: int) -> Json:
    brand = cards.behaviour(number).brand
    return {
        "brand": brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": "american_express" if brand == "amex" else brand,
        "exp_month": exp_month,
        "exp_year": exp_year,
        "fingerprint": hashlib.sha256(number.encode()).hexdigest()[:16],
        "funding": "credit",
        "generated_from": None,
        "last4": number[-4:],
        "networks": {"available": [brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
