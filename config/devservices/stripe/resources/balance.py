"""The balance and its transactions over the API."""

from typing import Final

from config.devservices.stripe import balances, listing
from config.devservices.stripe.errors import Json
from config.devservices.stripe.forms import Params
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/balance_transactions"


@route("GET", "/v1/balance")
def retrieve_balance(scope: Scope, params: Params) -> Json:
    """Return what is available and what is pending."""
    totals = balances.totals(scope)
    totals.setdefault("usd", (0, 0))
    return {
        "object": "balance",
        "available": [_amount(currency, pair[0]) for currency, pair in totals.items()],
        "connect_reserved": [{"amount": 0, "currency": currency} for currency in totals],
        "livemode": False,
        "pending": [_amount(currency, pair[1]) for currency, pair in totals.items()],
    }


@route("GET", URL, *PAGING, *CREATED, "type", "currency", "source", "payout")
def index(scope: Scope, params: Params) -> Json:
    """List balance transactions; those of one payout too."""
    where = {field: params.text(field) for field in ("type", "currency", "source")}
    where["_payout"] = params.text("payout")
    return listing.of_objects(
        scope,
        params,
        "balance_transaction",
        url=URL,
        where=where,
        shape=lambda txn: balances.refresh(scope, txn),
    )


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return a balance transaction."""
    return balances.refresh(scope, scope.get("balance_transaction", id))


def _amount(currency: str, amount: int) -> Json:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}
