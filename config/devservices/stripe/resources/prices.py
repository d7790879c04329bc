"""Prices."""

from typing import Final

from config.devservices.stripe import expansion, ids, listing
from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources import products
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/prices"
INTERVALS: Final = ("day", "week", "month", "year")
TAX: Final = ("exclusive", "inclusive", "unspecified")
CHANGEABLE: Final = ("active", "nickname", "lookup_key", "metadata.**", "tax_behavior", "transfer_lookup_key")


@route(
    *("POST", URL, "currency", "product", "product_data.name", "product_data.metadata.**", "unit_amount"),
    *("recurring.interval", "recurring.interval_count", "recurring.usage_type", *CHANGEABLE),
)
def create(scope: Scope, params: Params) -> Json:
    """Create a price of a product, old or new."""
    key = params.text("lookup_key")
    if key and scope.select("price", where={"lookup_key": key}) and not params.flag("transfer_lookup_key"):
        raise StripeError(f"A price already uses that lookup key: {key}.", param="lookup_key")
    price = build(
        scope,
        currency=params.currency(),
        product=_product(scope, params),
        unit_amount=params.required_integer("unit_amount", least=0),
        recurring=_recurring(params.child("recurring")),
    )
    return _apply(scope, price, params, event="price.created")


@route("GET", URL, *PAGING, *CREATED, "active", "currency", "product", "type", "lookup_keys.*")
def index(scope: Scope, params: Params) -> Json:
    """List prices; by lookup key too."""
    keys = params.strings("lookup_keys")
    if keys:
        found = [price for price in scope.select("price") if price["lookup_key"] in keys]
        return listing.of_items(params, found, url=URL)
    where: Json = {field: params.text(field) for field in ("currency", "product", "type")}
    if params.has("active"):
        where["active"] = params.flag("active")
    return listing.of_objects(scope, params, "price", url=URL, where=where)


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return a price."""
    return scope.get("price", id)


@route("POST", URL + "/{id}", *CHANGEABLE)
def update(scope: Scope, params: Params, id: str) -> Json:
    """Change what a price is called, or stop its use."""
    return _apply(scope, scope.get("price", id), params, event="price.updated")


def build(
    scope: Scope,
    *,
    currency: str,
    product: str,
    unit_amount: int,
    recurring: Json | None,
    active: bool = True,
) -> Json:
    """Write a price."""
    return scope.save(
        {
            "id": ids.new("price"),
            "object": "price",
            "active": active,
            "billing_scheme": "per_unit",
            "created": scope.now,
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": product,
            "recurring": recurring,
            "tax_behavior": "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "recurring" if recurring else "one_time",
            "unit_amount": unit_amount,
            "unit_amount_decimal": str(unit_amount),
        }
    )


def _product(scope: Scope, params: Params) -> str:
    if params.has("product_data"):
        return str(products.build(scope, name=params.child("product_data").required("name"))["id"])
    return str(scope.get("product", params.required("product"), param="product")["id"])


def _recurring(params: Params) -> Json | None:
    if not params.form:
        return None
    interval = params.choice("interval", INTERVALS)
    if interval is None:
        raise params.lacking("interval")
    return {
        "interval": interval,
        "interval_count": params.integer("interval_count", least=1) or 1,
        "meter": None,
        "trial_period_days": None,
        "usage_type": params.choice("usage_type", ("licensed", "metered")) or "licensed",
    }


def _apply(scope: Scope, price: Json, params: Params, *, event: str) -> Json:
    before = dict(price)
    price |= {field: params.text(field) for field in ("nickname", "lookup_key") if params.has(field)}
    if params.has("active"):
        price["active"] = params.flag("active")
    if params.has("tax_behavior"):
        price["tax_behavior"] = params.choice("tax_behavior", TAX) or "unspecified"
    price["metadata"] = params.metadata(before=price["metadata"])
    scope.save(price)
    scope.emit(event, price, before=before if event.endswith("updated") else None)
    return price


expansion.INCLUDABLE[("price", "currency_options")] = lambda _, price: {
    price["currency"]: {
        "custom_unit_amount": None,
        "tax_behavior": price["tax_behavior"],
        "unit_amount": price["unit_amount"],
        "unit_amount_decimal": price["unit_amount_decimal"],
    }
}
# A price of one amount has no tiers, asked for or not.
expansion.INCLUDABLE[("price", "tiers")] = lambda *_: None
