"""Refunds."""

from typing import Final

from config.devservices.stripe import balances, ids, listing
from config.devservices.stripe.errors import Json, StripeError, refused
from config.devservices.stripe.forms import Params
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/refunds"
REASONS: Final = ("duplicate", "fraudulent", "requested_by_customer")


@route("POST", URL, "charge", "payment_intent", "amount", "reason", "metadata.**")
def create(scope: Scope, params: Params) -> Json:
    """Give back all or part of a charge."""
    charge = _charge(scope, params)
    amount = params.integer("amount", least=1)
    reason = params.choice("reason", REASONS)
    left = charge["amount"] - charge["amount_refunded"]
    if charge["disputed"] and not charge.get("_dispute_won"):
        raise refused(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if left == 0:
        raise refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount is not None and amount > left:
        raise refused(
            f"Refund amount (${amount / 100:.2f}) is greater than unrefunded amount on charge (${left / 100:.2f})",
            param="amount",
        )
    return _refund(scope, charge, amount=amount or left, reason=reason, metadata=params.metadata())


@route("GET", URL, *PAGING, *CREATED, "charge", "payment_intent")
def index(scope: Scope, params: Params) -> Json:
    """List refunds."""
    where = {field: params.text(field) for field in ("charge", "payment_intent")}
    return listing.of_objects(scope, params, "refund", url=URL, where=where)


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return a refund."""
    return scope.get("refund", id)


@route("POST", URL + "/{id}", "metadata.**")
def update(scope: Scope, params: Params, id: str) -> Json:
    """Change a refund's metadata."""
    refund = scope.get("refund", id)
    before = dict(refund)
    refund["metadata"] = params.metadata(before=refund["metadata"])
    scope.save(refund)
    scope.emit("refund.updated", refund, before=before)
    return refund


def fail(scope: Scope, refund: Json) -> Json:
    """Let a refund bounce: its money returns to the platform and its charge."""
    if refund["status"] != "succeeded":
        raise refused(f"This refund is already {refund['status']}.")
    charge = scope.get("charge", refund["charge"])
    txn = balances.book(
        scope,
        type="refund_failure",
        category="refund_failure",
        amount=refund["amount"],
        currency=refund["currency"],
        source=refund["id"],
    )
    refund |= {
        "failure_balance_transaction": txn["id"],
        "failure_reason": "lost_or_stolen_card",
        "status": "failed",
    }
    scope.save(refund)
    scope.save(charge | {"amount_refunded": charge["amount_refunded"] - refund["amount"], "refunded": False})
    scope.emit("refund.updated", refund)
    scope.emit("refund.failed", refund)
    scope.emit("charge.refund.updated", refund)
    return refund


def _charge(scope: Scope, params: Params) -> Json:
    intent_id, charge_id = params.text("payment_intent"), params.text("charge")
    if intent_id and not charge_id:
        intent = scope.get("payment_intent", intent_id, param="payment_intent")
        if intent["status"] != "succeeded":
            raise refused(f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.")
        charge_id = intent["latest_charge"]
    if not charge_id:
        raise StripeError(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    charge = scope.get("charge", charge_id, param="charge")
    if charge["status"] != "succeeded":
        raise refused(f"Charge {charge_id} did not succeed; there is nothing to refund.")
    return charge


def _refund(scope: Scope, charge: Json, *, amount: int, reason: str | None, metadata: dict[str, str]) -> Json:
    refund_id = ids.new("re")
    txn = balances.book(
        scope, type="refund", category="refund", amount=-amount, currency=charge["currency"], source=refund_id
    )
    refund = {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": txn["id"],
        "charge": charge["id"],
        "created": scope.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    scope.save(refund)
    before = dict(charge)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    scope.save(charge)
    scope.emit("charge.refunded", charge, before=before)
    scope.emit("refund.created", refund)
    if charge.get("_refund_fails"):
        fail(scope, dict(refund))
    return refund
