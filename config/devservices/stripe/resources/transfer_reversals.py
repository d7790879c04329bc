"""Reversals: money taken back from connected accounts."""

from config.devservices.stripe import balances, events, ids, listing
from config.devservices.stripe.errors import Json, missing, refused
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources.transfers import URL
from config.devservices.stripe.routing import PAGING, route
from config.devservices.stripe.scope import Scope


@route("POST", URL + "/{id}/reversals", "amount", "description", "metadata.**", "refund_application_fee")
def create_reversal(scope: Scope, params: Params, id: str) -> Json:
    """Take money back from a connected account."""
    transfer = scope.get("transfer", id)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = params.integer("amount", least=1) or left
    if left == 0:
        raise refused(f"Transfer {id} has already been fully reversed.", code="transfer_already_reversed")
    if amount > left:
        raise refused(
            f"Reversal amount ({amount}) is greater than the unreversed amount on the transfer ({left})",
            param="amount",
        )
    theirs = scope.acting_as(transfer["destination"])
    if amount > balances.available(theirs, currency=transfer["currency"]):
        raise refused(
            f"The connected account {transfer['destination']} has insufficient funds for this reversal.",
            code="balance_insufficient",
        )
    return _reverse(scope, transfer, amount=amount, metadata=params.metadata())


@route("GET", URL + "/{id}/reversals", *PAGING)
def index_reversals(scope: Scope, params: Params, id: str) -> Json:
    """List a transfer's reversals."""
    url = f"{URL}/{id}/reversals"
    scope.get("transfer", id)
    return listing.of_objects(scope, params, "transfer_reversal", url=url, where={"transfer": id})


@route("GET", URL + "/{id}/reversals/{reversal}")
def retrieve_reversal(scope: Scope, params: Params, id: str, reversal: str) -> Json:
    """Return a reversal."""
    found = scope.get("transfer_reversal", reversal)
    if found["transfer"] != id:
        raise missing("transfer_reversal", reversal)
    return found


def _reverse(scope: Scope, transfer: Json, *, amount: int, metadata: dict[str, str]) -> Json:
    theirs = scope.acting_as(transfer["destination"])
    reversal_id, returned_id = ids.new("trr"), ids.new("pyr")
    books = {"currency": transfer["currency"]}
    back = balances.book(
        scope,
        type="transfer_refund",
        category="transfer_reversal",
        amount=amount,
        source=reversal_id,
        **books,
    )
    balances.book(
        theirs, type="payment_refund", category="refund", amount=-amount, source=returned_id, **books
    )
    reversal = {
        "id": reversal_id,
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": back["id"],
        "created": scope.now,
        "currency": transfer["currency"],
        "destination_payment_refund": returned_id,
        "metadata": metadata,
        "source_refund": None,
        "transfer": transfer["id"],
    }
    scope.save(reversal)
    before = dict(transfer)
    reversed_so_far = transfer["amount_reversed"] + amount
    transfer["amount_reversed"] = reversed_so_far
    transfer["reversed"] = reversed_so_far == transfer["amount"]
    shown = [events.public(reversal), *transfer["reversals"]["data"]]
    transfer["reversals"] = {**transfer["reversals"], "data": shown}
    scope.save(transfer)
    scope.emit("transfer.reversed", transfer, before=before)
    return reversal
