"""Transfers to connected accounts."""

from typing import Final

from config.devservices.stripe import balances, ids, listing
from config.devservices.stripe.errors import Json, StripeError, refused
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources import banking, charges
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/transfers"


@route(
    *("POST", URL, "amount", "currency", "destination", "description", "metadata.**", "transfer_group"),
    *("source_transaction", "source_type"),
)
def create(scope: Scope, params: Params) -> Json:
    """Send money to a connected account."""
    amount = params.required_integer("amount", least=1)
    currency = params.currency()
    account = _destination(scope, params)
    charge = _source(scope, params, amount)
    if charge is None and amount > balances.available(scope, currency=currency):
        raise refused(
            "You have insufficient available funds in your Stripe account. Try adding funds directly to your available "
            "balance by creating Charges using the 4000000000000077 test card. "
            "See: https://stripe.com/docs/testing#available-balance",
            code="balance_insufficient",
        )
    transfer = {
        **_build(scope, amount=amount, currency=currency, destination=account["id"]),
        "description": params.text("description"),
        "metadata": params.metadata(),
        "source_transaction": charge["id"] if charge else None,
        "transfer_group": params.text("transfer_group") or (charge and charge["transfer_group"]),
    }
    _book(scope, transfer, available_on=_funds_from(scope, charge))
    scope.emit("transfer.created", transfer)
    return transfer


@route("GET", URL, *PAGING, *CREATED, "destination", "transfer_group")
def index(scope: Scope, params: Params) -> Json:
    """List transfers."""
    where = {field: params.text(field) for field in ("destination", "transfer_group")}
    return listing.of_objects(scope, params, "transfer", url=URL, where=where)


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return a transfer."""
    return scope.get("transfer", id)


@route("POST", URL + "/{id}", "description", "metadata.**")
def update(scope: Scope, params: Params, id: str) -> Json:
    """Change a transfer's description or metadata."""
    transfer = scope.get("transfer", id)
    before = dict(transfer)
    if params.has("description"):
        transfer["description"] = params.text("description")
    transfer["metadata"] = params.metadata(before=transfer["metadata"])
    scope.save(transfer)
    scope.emit("transfer.updated", transfer, before=before)
    return transfer


def _destination(scope: Scope, params: Params) -> Json:
    destination = params.required("destination")
    account = scope.store.find(destination)
    if account is None or account["object"] != "account" or account.get("deleted"):
        raise StripeError(
            f"No such destination: '{destination}'",
            code="resource_missing",
            param="destination",
            executed=True,
        )
    if account["capabilities"].get("transfers") != "active":
        raise refused(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    return account


def _source(scope: Scope, params: Params, amount: int) -> Json | None:
    charge_id = params.text("source_transaction")
    if charge_id is None:
        return None
    charge = scope.get("charge", charge_id, param="source_transaction")
    sent = scope.select("transfer", where={"source_transaction": charge_id})
    if amount > charge["amount"] - charge["amount_refunded"] - sum(item["amount"] for item in sent):
        raise refused("The transfer amount is greater than what the source charge has left.", param="amount")
    return charge


def _funds_from(scope: Scope, charge: Json | None) -> int:
    if charge is None:
        return scope.now
    txn = scope.get("balance_transaction", charge["balance_transaction"])
    return int(balances.refresh(scope, txn)["available_on"])


def _build(scope: Scope, *, amount: int, currency: str, destination: str) -> Json:
    transfer_id = ids.new("tr")
    return {
        "id": transfer_id,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": scope.now,
        "currency": currency,
        "description": None,
        "destination": destination,
        "destination_payment": None,
        "livemode": False,
        "metadata": {},
        "reversals": listing.wrap([], url=f"{URL}/{transfer_id}/reversals"),
        "reversed": False,
        "source_transaction": None,
        "source_type": "card",
        "transfer_group": None,
    }


def _book(scope: Scope, transfer: Json, *, available_on: int) -> None:
    amount, currency = transfer["amount"], transfer["currency"]
    theirs = scope.acting_as(transfer["destination"])
    sent = balances.book(
        scope,
        type="transfer",
        category="transfer",
        amount=-amount,
        currency=currency,
        source=transfer["id"],
        available_on=available_on,
        description=transfer["description"],
    )
    payment = charges.build(
        theirs,
        prefix="py",
        amount=amount,
        currency=currency,
        source_transfer=transfer["id"],
        transfer_group=transfer["transfer_group"],
    )
    received = balances.book(
        theirs,
        type="payment",
        category="charge",
        amount=amount,
        currency=currency,
        source=payment["id"],
        available_on=available_on,
    )
    theirs.save(payment | {"balance_transaction": received["id"]})
    transfer |= {"balance_transaction": sent["id"], "destination_payment": payment["id"]}
    scope.save(transfer)
    theirs.emit("payment.created", payment)
    banking.expect_payout(scope, transfer["destination"])
