"""Payouts over the API: the platform's, or an account's with `Stripe-Account`."""

from typing import Final

from config.devservices.stripe import balances, expansion, listing
from config.devservices.stripe.errors import Json, refused
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources import banking
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/payouts"


@route("POST", URL, "amount", "currency", "description", "metadata.**", "method", "statement_descriptor")
def create(scope: Scope, params: Params) -> Json:
    """Send money to the bank by hand."""
    amount, currency = params.required_integer("amount", least=1), params.currency()
    if amount > balances.available(scope, currency=currency):
        raise refused(
            "You have insufficient funds in your Stripe account for this payout.", code="balance_insufficient"
        )
    return banking.create(
        scope,
        amount=amount,
        currency=currency,
        automatic=False,
        description=params.text("description"),
        metadata=params.metadata(),
    )


@route("GET", URL, *PAGING, *CREATED, "status", "destination")
def index(scope: Scope, params: Params) -> Json:
    """List payouts."""
    where = {field: params.text(field) for field in ("status", "destination")}
    return listing.of_objects(scope, params, "payout", url=URL, where=where)


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return a payout."""
    return scope.get("payout", id)


@route("POST", URL + "/{id}/cancel")
def cancel(scope: Scope, params: Params, id: str) -> Json:
    """Cancel a manual payout that is pending."""
    return banking.cancel(scope, scope.get("payout", id))


def _bank(scope: Scope, payout: Json) -> Json | None:
    account = scope.store.find(scope.store.owner(payout["id"]) or "")
    banks = account["external_accounts"]["data"] if account else []
    return next((bank for bank in banks if bank["id"] == payout["destination"]), None)


expansion.INCLUDABLE[("payout", "destination")] = _bank
