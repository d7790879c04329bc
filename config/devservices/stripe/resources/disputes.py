"""Disputes: opened by the bank (a control, or a test card a day later), won or lost; or only an inquiry first."""

from typing import Final

from config.devservices.stripe import balances, ids, listing
from config.devservices.stripe.clock import DAY
from config.devservices.stripe.errors import Json, refused
from config.devservices.stripe.forms import Params
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/disputes"
FEE: Final = 1500
ANSWER_DAYS: Final = 9
VERDICTS: Final = {"winning_evidence": "won", "losing_evidence": "lost"}
EVIDENCE: Final = (
    *("access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure"),
    *("cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name"),
    *("customer_purchase_ip", "customer_signature", "duplicate_charge_documentation"),
    *(
        "duplicate_charge_explanation",
        "duplicate_charge_id",
        "product_description",
        "receipt",
        "refund_policy",
    ),
    *("refund_policy_disclosure", "refund_refusal_explanation", "service_date", "service_documentation"),
    *("shipping_address", "shipping_carrier", "shipping_date", "shipping_documentation"),
    *("shipping_tracking_number", "uncategorized_file", "uncategorized_text"),
)


@route("GET", URL, *PAGING, *CREATED, "charge", "payment_intent")
def index(scope: Scope, params: Params) -> Json:
    """List disputes."""
    where = {field: params.text(field) for field in ("charge", "payment_intent")}
    return listing.of_objects(scope, params, "dispute", url=URL, where=where)


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return a dispute."""
    return scope.get("dispute", id)


@route("POST", URL + "/{id}", "submit", "metadata.**", *(f"evidence.{field}" for field in EVIDENCE))
def update(scope: Scope, params: Params, id: str) -> Json:
    """Add evidence; `winning_evidence` and `losing_evidence` decide at once."""
    dispute = scope.get("dispute", id)
    _check_open(dispute)
    evidence = params.child("evidence")
    dispute["evidence"] |= {field: evidence.text(field) for field in EVIDENCE if evidence.has(field)}
    dispute["evidence_details"]["has_evidence"] = any(dispute["evidence"][field] for field in EVIDENCE)
    dispute["metadata"] = params.metadata(before=dispute["metadata"])
    if evidence.form and params.flag("submit", default=True):
        asked = dispute["status"].startswith("warning_")
        dispute["status"] = "warning_under_review" if asked else "under_review"
        dispute["evidence_details"]["submission_count"] += 1
    scope.save(dispute)
    scope.emit("charge.dispute.updated", dispute)
    verdict = VERDICTS.get(dispute["evidence"]["uncategorized_text"] or "")
    return close(scope, dispute, status=verdict) if verdict else dispute


@route("POST", URL + "/{id}/close")
def accept(scope: Scope, params: Params, id: str) -> Json:
    """Give up: the dispute is lost."""
    return close(scope, scope.get("dispute", id), status="lost")


def open_due(scope: Scope) -> None:
    """Open the disputes that test cards brought with them."""
    due = " AND json_extract(body, '$._dispute_at') <= ?"
    for charge in scope.store.select("charge", clauses=due, values=(scope.now,)):
        create(scope, charge, reason=charge["_dispute"])


def create(
    scope: Scope,
    charge: Json,
    *,
    reason: str = "fraudulent",
    amount: int | None = None,
    inquiry: bool = False,
) -> Json:
    """Dispute a charge: its money and a fee leave the balance. An inquiry only asks; nothing moves."""
    if charge["disputed"] or charge["status"] != "succeeded":
        raise refused(f"Charge {charge['id']} cannot be disputed (again).")
    disputed = amount or charge["amount"] - charge["amount_refunded"]
    if not 0 < disputed <= charge["amount"]:
        raise refused(f"Charge {charge['id']} has nothing of that amount to dispute.")
    dispute = _build(scope, charge, amount=disputed, reason=reason, inquiry=inquiry)
    if not inquiry:
        _withdraw(scope, dispute)
    scope.save(dispute)
    before = dict(charge)
    charge |= {"disputed": not inquiry, "_dispute_at": None}
    scope.save(charge)
    scope.emit("charge.updated", charge, before=before)
    scope.emit("charge.dispute.created", dispute)
    if not inquiry:
        scope.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def escalate(scope: Scope, dispute: Json) -> Json:
    """Let an inquiry become a chargeback: now the money goes."""
    if not dispute["status"].startswith("warning_") or dispute["status"] == "warning_closed":
        raise refused(f"This dispute is {dispute['status']}, not an open inquiry.")
    dispute |= {
        "status": "needs_response",
        "is_charge_refundable": False,
    }
    dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    _withdraw(scope, dispute)
    scope.save(dispute)
    scope.save(scope.get("charge", dispute["charge"]) | {"disputed": True})
    scope.emit("charge.dispute.updated", dispute)
    scope.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close(scope: Scope, dispute: Json, *, status: str) -> Json:
    """Decide a dispute; a won one brings the money back, not the fee. An inquiry is only closed."""
    _check_open(dispute)
    asked = dispute["status"].startswith("warning_")
    dispute["status"] = "warning_closed" if asked else status
    if dispute["status"] == "won":
        returned = balances.book(
            scope,
            type="adjustment",
            category="dispute_reversal",
            amount=dispute["amount"],
            currency=dispute["currency"],
            source=dispute["id"],
            description=f"Chargeback reversal for {dispute['charge']}",
        )
        dispute["balance_transactions"] = [*dispute["balance_transactions"], returned]
        charge = scope.get("charge", dispute["charge"])
        scope.save(charge | {"_dispute_won": True})
    scope.save(dispute)
    if dispute["status"] == "won":
        scope.emit("charge.dispute.funds_reinstated", dispute)
    scope.emit("charge.dispute.closed", dispute)
    return dispute


def _withdraw(scope: Scope, dispute: Json) -> None:
    withdrawn = balances.book(
        scope,
        type="adjustment",
        category="dispute",
        amount=-dispute["amount"],
        currency=dispute["currency"],
        source=dispute["id"],
        fee=FEE,
        description=f"Chargeback withdrawal for {dispute['charge']}",
    )
    dispute["balance_transactions"] = [withdrawn]


def _check_open(dispute: Json) -> None:
    if dispute["status"] in ("won", "lost", "warning_closed"):
        raise refused(f"This dispute is already {dispute['status']}.")


def _build(scope: Scope, charge: Json, *, amount: int, reason: str, inquiry: bool) -> Json:
    return {
        "id": ids.new("dp"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": scope.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": scope.now + ANSWER_DAYS * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": "visa",
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": "visa",
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
