"""Postal addresses and billing details, which many objects carry."""

from typing import Final

from config.devservices.stripe.errors import Json
from config.devservices.stripe.forms import Params

FIELDS: Final = ("city", "country", "line1", "line2", "postal_code", "state")
BILLING: Final = ("email", "name", "phone", "tax_id")
BILLING_ACCEPTS: Final = (
    *(f"billing_details.{field}" for field in BILLING),
    *(f"billing_details.address.{field}" for field in FIELDS),
)


def read(params: Params) -> Json:
    """Return an address with every field."""
    return {field: params.text(field) for field in FIELDS}


def optional(params: Params, key: str) -> Json | None:
    """Return an address if one was sent."""
    given = params.child(key)
    return read(given) if given.form else None


def billing_details(params: Params) -> Json:
    """Return billing details with every field."""
    details = params.child("billing_details")
    return {"address": read(details.child("address")), **{field: details.text(field) for field in BILLING}}
