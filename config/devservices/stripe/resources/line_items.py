"""The line items of a Checkout session."""

from typing import Final

from config.devservices.stripe import events, ids
from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources import payments, prices, products
from config.devservices.stripe.scope import Scope

COUNT_MAX: Final = 100
ACCEPTS: Final = (
    *("line_items.*.price", "line_items.*.quantity", "line_items.*.price_data.currency"),
    *("line_items.*.price_data.unit_amount", "line_items.*.price_data.product"),
    *("line_items.*.price_data.product_data.name", "line_items.*.price_data.product_data.description"),
    *("line_items.*.price_data.product_data.metadata.**", "line_items.*.price_data.product_data.images.*"),
)


def read(scope: Scope, params: Params, *, mode: str) -> list[Json]:
    """Return the items asked for; a payment needs at least one, all of one currency."""
    given = params.children("line_items")
    if not given and mode == "payment":
        raise params.lacking("line_items")
    if len(given) > COUNT_MAX:
        raise StripeError(f"A session can have up to {COUNT_MAX} line items.", param="line_items")
    items = [_item(scope, item) for item in given]
    if len({item["currency"] for item in items}) > 1:
        raise StripeError("All prices must be in the same currency.", param="line_items")
    if items:
        payments.check_amount(sum(item["amount_total"] for item in items), param="line_items")
    return items


def _item(scope: Scope, params: Params) -> Json:
    price = _price(scope, params)
    if price["recurring"]:
        raise StripeError(
            "You specified `payment` mode but passed a recurring price.", param=params.name("price")
        )
    quantity = params.required_integer("quantity", least=1)
    amount = price["unit_amount"] * quantity
    product = scope.get("product", price["product"])
    return {
        "id": ids.new("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product["name"],
        "discounts": [],
        "metadata": {},
        "price": events.public(price),
        "quantity": quantity,
    }


def _price(scope: Scope, params: Params) -> Json:
    price_id = params.text("price")
    if price_id is not None:
        return scope.get("price", price_id, param=params.name("price"))
    data = params.child("price_data")
    if not data.form:
        raise params.lacking("price")
    return prices.build(
        scope,
        currency=data.currency(),
        product=_product(scope, data),
        unit_amount=data.required_integer("unit_amount", least=0),
        recurring=None,
        active=False,
    )


def _product(scope: Scope, data: Params) -> str:
    product_id = data.text("product")
    if product_id is not None:
        return str(scope.get("product", product_id, param=data.name("product"))["id"])
    made = data.child("product_data")
    product = products.build(scope, name=made.required("name"), active=False)
    product |= {"description": made.text("description"), "metadata": made.metadata()}
    return str(scope.save(product)["id"])
