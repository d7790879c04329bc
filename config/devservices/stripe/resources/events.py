"""The event log."""

from typing import Final

from config.devservices.stripe import listing
from config.devservices.stripe.errors import Json
from config.devservices.stripe.forms import Params
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/events"


@route("GET", URL, *PAGING, *CREATED, "type", "types.*", "delivery_success")
def index(scope: Scope, params: Params) -> Json:
    """List events, of one type (`charge.*` too) or several."""
    single = params.text("type")
    types = params.strings("types") or ([single] if single else None)
    return listing.of_objects(scope, params, "event", url=URL, types=types)


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return an event."""
    return scope.get("event", id)
