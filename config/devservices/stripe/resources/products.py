"""Products."""

from typing import Final

from config.devservices.stripe import ids, listing
from config.devservices.stripe.errors import Json
from config.devservices.stripe.forms import Params
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/products"
TEXTS: Final = ("description", "statement_descriptor", "tax_code", "unit_label", "url", "default_price")
ACCEPTS: Final = ("name", "active", "images.*", "metadata.**", *TEXTS)


@route("POST", URL, "id", *ACCEPTS)
def create(scope: Scope, params: Params) -> Json:
    """Create a product."""
    product = build(scope, name=params.required("name"), product_id=params.text("id"))
    return _apply(scope, product, params, event="product.created")


@route("GET", URL, *PAGING, *CREATED, "active", "ids.*")
def index(scope: Scope, params: Params) -> Json:
    """List products."""
    where = {"active": params.flag("active")} if params.has("active") else {}
    return listing.of_objects(scope, params, "product", url=URL, where=where)


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return a product."""
    return scope.get("product", id)


@route("GET", URL + "/{id}/features", *PAGING)
def index_features(scope: Scope, params: Params, id: str) -> Json:
    """List a product's entitlement features: none."""
    scope.get("product", id)
    return listing.wrap([], url=f"{URL}/{id}/features")


@route("POST", URL + "/{id}", *ACCEPTS)
def update(scope: Scope, params: Params, id: str) -> Json:
    """Change a product."""
    product = scope.get("product", id)
    if params.has("name"):
        product["name"] = params.required("name")
    return _apply(scope, product, params, event="product.updated")


def build(scope: Scope, *, name: str, product_id: str | None = None, active: bool = True) -> Json:
    """Write a product."""
    return scope.save(
        {
            "id": product_id or ids.new("prod"),
            "object": "product",
            "active": active,
            "created": scope.now,
            "default_price": None,
            "description": None,
            "images": [],
            "livemode": False,
            "marketing_features": [],
            "metadata": {},
            "name": name,
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": None,
            "type": "service",
            "unit_label": None,
            "updated": scope.now,
            "url": None,
        }
    )


def _apply(scope: Scope, product: Json, params: Params, *, event: str) -> Json:
    before = dict(product)
    product |= {field: params.text(field) for field in TEXTS if params.has(field)}
    if params.has("active"):
        product["active"] = params.flag("active")
    if params.has("images"):
        product["images"] = params.strings("images")
    product["metadata"] = params.metadata(before=product["metadata"])
    product["updated"] = scope.now
    scope.save(product)
    scope.emit(event, product, before=before if event.endswith("updated") else None)
    return product
