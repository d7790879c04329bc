"""Webhook endpoints. The secret is in the answer to create, and nowhere else."""

from typing import Final

from config.devservices.stripe import ids, listing
from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.forms import Params
from config.devservices.stripe.routing import PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/webhook_endpoints"


@route("POST", URL, "url", "enabled_events.*", "connect", "api_version", "description", "metadata.**")
def create(scope: Scope, params: Params) -> Json:
    """Create an endpoint and show its secret this once."""
    secret = f"whsec_{ids.token(length=32)}"
    endpoint = {
        "id": ids.new("we"),
        "object": "webhook_endpoint",
        "api_version": params.text("api_version"),
        "application": None,
        "created": scope.now,
        "description": params.text("description"),
        "enabled_events": _events(params),
        "livemode": False,
        "metadata": params.metadata(),
        "status": "enabled",
        "url": _url(params.required("url")),
        "_connect": params.flag("connect"),
        "_secret": secret,
    }
    scope.save(endpoint)
    return {**endpoint, "secret": secret}


@route("GET", URL, *PAGING)
def index(scope: Scope, params: Params) -> Json:
    """List endpoints."""
    return listing.of_objects(scope, params, "webhook_endpoint", url=URL)


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return an endpoint without its secret."""
    return scope.get("webhook_endpoint", id)


@route("POST", URL + "/{id}", "url", "enabled_events.*", "description", "disabled", "metadata.**")
def update(scope: Scope, params: Params, id: str) -> Json:
    """Change an endpoint."""
    endpoint = scope.get("webhook_endpoint", id)
    if params.has("url"):
        endpoint["url"] = _url(params.required("url"))
    if params.has("enabled_events"):
        endpoint["enabled_events"] = _events(params)
    if params.has("description"):
        endpoint["description"] = params.text("description")
    if params.has("disabled"):
        endpoint["status"] = "disabled" if params.flag("disabled") else "enabled"
    endpoint["metadata"] = params.metadata(before=endpoint["metadata"])
    return scope.save(endpoint)


@route("DELETE", URL + "/{id}")
def delete(scope: Scope, params: Params, id: str) -> Json:
    """Delete an endpoint."""
    scope.get("webhook_endpoint", id)
    scope.store.delete(id)
    return {"id": id, "object": "webhook_endpoint", "deleted": True}


def _events(params: Params) -> list[str]:
    wanted = params.strings("enabled_events")
    if not wanted:
        raise params.lacking("enabled_events")
    return wanted


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise StripeError(
            "Invalid URL: an explicit scheme (such as https) must be provided.",
            code="url_invalid",
            param="url",
        )
    return text
