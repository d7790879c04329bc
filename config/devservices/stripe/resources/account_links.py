"""Account Links: one use, a few minutes."""

from typing import Final

from config.devservices.stripe import ids
from config.devservices.stripe.errors import Json
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources import accounts
from config.devservices.stripe.routing import route
from config.devservices.stripe.scope import Scope

LIFE_SECONDS: Final = 300
TYPES: Final = ("account_onboarding", "account_update")


@route(
    *("POST", "/v1/account_links", "account", "type", "refresh_url", "return_url", "collect"),
    "collection_options.**",
)
def create(scope: Scope, params: Params) -> Json:
    """Make a link to the onboarding page."""
    account = accounts.find(scope, params.required("account"))
    kind = params.choice("type", TYPES)
    if kind is None:
        raise params.lacking("type")
    token = ids.token(length=12)
    link = {
        "object": "account_link",
        "created": scope.now,
        "expires_at": scope.now + LIFE_SECONDS,
        "url": f"{scope.base_url}/connect/setup/{account['id']}/{token}",
    }
    private = {
        "_account": account["id"],
        "_refresh_url": params.required("refresh_url"),
        "_return_url": params.required("return_url"),
        "_used": False,
    }
    scope.save({"id": f"alink_{token}", **link, **private})
    return link


def find(scope: Scope, *, account_id: str, token: str) -> Json | None:
    """Return a link by what its URL holds, usable or not."""
    link = scope.store.find(f"alink_{token}")
    return link if link is not None and link["_account"] == account_id else None


def is_usable(scope: Scope, link: Json) -> bool:
    """Tell whether a link still opens."""
    return not link["_used"] and link["expires_at"] > scope.now


def use(scope: Scope, link: Json) -> None:
    """Spend a link."""
    scope.save(link | {"_used": True})
