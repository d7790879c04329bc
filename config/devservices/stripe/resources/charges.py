"""Charges: what a confirmed payment leaves behind."""

from typing import Final

from config.devservices.stripe import expansion, ids, listing
from config.devservices.stripe.errors import Json
from config.devservices.stripe.forms import Params
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/charges"


@route("GET", URL, *PAGING, *CREATED, "customer", "payment_intent", "transfer_group")
def index(scope: Scope, params: Params) -> Json:
    """List charges."""
    where = {field: params.text(field) for field in ("customer", "payment_intent", "transfer_group")}
    return listing.of_objects(scope, params, "charge", url=URL, where=where)


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return a charge."""
    return scope.get("charge", id)


@route("POST", URL + "/{id}", "description", "metadata.**", "transfer_group")
def update(scope: Scope, params: Params, id: str) -> Json:
    """Change a charge's description or metadata."""
    charge = scope.get("charge", id)
    before = dict(charge)
    charge |= {field: params.text(field) for field in ("description", "transfer_group") if params.has(field)}
    charge["metadata"] = params.metadata(before=charge["metadata"])
    scope.save(charge)
    scope.emit("charge.updated", charge, before=before)
    return charge


def of_intent(scope: Scope, intent: Json, method: Json) -> Json:
    """Return an unwritten charge for an intent, paid in full."""
    return build(
        scope,
        prefix="ch",
        amount=intent["amount"],
        currency=intent["currency"],
        billing_details=method["billing_details"],
        customer=intent["customer"],
        description=intent["description"],
        metadata=dict(intent["metadata"]),
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details={"card": _card_details(method["card"], intent), "type": "card"},
        receipt_email=intent["receipt_email"],
        transfer_group=intent["transfer_group"],
    )


def build(scope: Scope, *, prefix: str, amount: int, currency: str, **fields: object) -> Json:
    """Return an unwritten charge with the given fields over the defaults."""
    charge_id = ids.new(prefix)
    return {
        "id": charge_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": None,
        "calculated_statement_descriptor": "STAND-IN",
        "captured": True,
        "created": scope.now,
        "currency": currency,
        "customer": None,
        "description": None,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "on_behalf_of": None,
        "outcome": {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": True,
        "payment_intent": None,
        "payment_method": None,
        "payment_method_details": None,
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": f"{scope.base_url}/objects/{charge_id}",
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
        **fields,
    }


def as_failed(charge: Json, *, code: str, decline_code: str | None, message: str) -> Json:
    """Return a charge that was declined."""
    outcome = {
        **charge["outcome"],
        "network_status": "declined_by_network",
        "reason": decline_code or code,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }
    failure = {"failure_code": code, "failure_message": message, "paid": False, "status": "failed"}
    return {
        **charge,
        **failure,
        "amount_captured": 0,
        "captured": False,
        "receipt_url": None,
        "outcome": outcome,
    }


def _card_details(card: Json, intent: Json) -> Json:
    return {
        **{key: card[key] for key in ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint")},
        **{key: card[key] for key in ("funding", "last4", "regulated_status", "wallet")},
        "amount_authorized": intent["amount"],
        "authorization_code": "123456",
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": "104102978678771",
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "three_d_secure": None,
        "transaction_link_id": None,
    }


def _refunds(scope: Scope, charge: Json) -> Json:
    found = scope.select("refund", where={"charge": charge["id"]})
    return listing.wrap(found, url=f"{URL}/{charge['id']}/refunds")


expansion.INCLUDABLE[("charge", "refunds")] = _refunds
