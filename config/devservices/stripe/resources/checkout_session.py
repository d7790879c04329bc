"""A Checkout session: how it looks, and how it ends."""

import time
from typing import Final

from config.devservices.stripe import ids
from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources import addresses, customers, payment_methods, payments, setup_intents
from config.devservices.stripe.scope import Scope

KIND: Final = "checkout.session"
# What a new session of ours leaves null; those that fill later are set where it happens.
UNUSED: Final = [
    "after_expiration",
    "allow_promotion_codes",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "client_secret",
    "collected_information",
    "consent",
    "consent_collection",
    "currency_conversion",
    "customer",
    "customer_account",
    "customer_creation",
    "customer_details",
    "customer_email",
    "expires_at",
    "integration_identifier",
    "invoice",
    "invoice_creation",
    "locale",
    "managed_payments",
    "origin_context",
    "payment_intent",
    "payment_link",
    "payment_method_configuration_details",
    "permissions",
    "recovered_from",
    "saved_payment_method_options",
    "setup_intent",
    "shipping_address_collection",
    "shipping_cost",
    "submit_type",
    "subscription",
    "wallet_options",
]


def build(scope: Scope, *, mode: str, success_url: str, items: list[Json], currency: str | None) -> Json:
    """Return an unwritten open session."""
    session_id = ids.new("cs_test")
    paid = mode == "payment"
    total = sum(item["amount_total"] for item in items)
    return {
        "id": session_id,
        "object": KIND,
        **dict.fromkeys(UNUSED),
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": total if paid else None,
        "amount_total": total if paid else None,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "created": scope.now,
        "currency": items[0]["currency"] if paid else currency,
        "custom_fields": [],
        "custom_text": {
            **dict.fromkeys(("after_submit", "shipping_address", "submit")),
            "terms_of_service_acceptance": None,
        },
        "discounts": [],
        "livemode": False,
        "metadata": {},
        "mode": mode,
        "payment_method_collection": "if_required" if paid else "always",
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid" if paid else "no_payment_required",
        "phone_number_collection": {"enabled": False},
        "redirect_on_completion": "always",
        "shipping_options": [],
        "status": "open",
        "success_url": success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0} if paid else None,
        "ui_mode": "hosted_page",
        "url": f"{scope.base_url}/c/pay/{session_id}",
        "_items": items,
    }


def customer_details(*, email: str | None, name: str | None) -> Json:
    """Return what the page knows of the payer."""
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }


def expire(scope: Scope, session: Json) -> Json:
    """End a session unpaid."""
    session |= {"status": "expired", "url": None}
    scope.save(session)
    scope.emit("checkout.session.expired", session)
    return session


def check_open(scope: Scope, session: Json) -> None:
    """Refuse a session that is over."""
    if session["status"] != "open" or session["_deadline"] <= scope.now:
        raise StripeError(f"This Checkout Session is {session['status']}.", executed=True)


def new_card(
    scope: Scope, *, number: str, exp_month: int, exp_year: int, name: str | None, email: str | None
) -> Json:
    """Write the card typed into the page."""
    details = {**addresses.billing_details(Params({})), "name": name, "email": email}
    return payment_methods.build(
        scope, number=number, exp_month=exp_month, exp_year=exp_year, billing_details=details
    )


def test_card_date(scope: Scope) -> tuple[int, int]:
    """Return a month and year that are always good."""
    return 12, time.gmtime(scope.now).tm_year + payment_methods.EXPIRY_YEARS


def pay(scope: Scope, session: Json, method: Json, *, email: str | None) -> Json:
    """Pay a session as its page does: complete, waiting for 3DS, or raise the decline."""
    check_open(scope, session)
    payer = email or (session["customer_details"] or {}).get("email") or "payer@example.com"
    name = method["billing_details"]["name"]
    session["customer_details"] = customer_details(email=payer, name=name)
    _ensure_customer(scope, session, email=payer, name=name)
    if session["mode"] == "setup":
        return _finish(scope, session | {"setup_intent": _set_up(scope, session, method)})
    intent = _intent(scope, session)
    intent = payments.attempt(scope, intent, method)
    return settle(scope, session, intent)


def settle(scope: Scope, session: Json, intent: Json) -> Json:
    """Complete a session once its intent is paid."""
    if intent["status"] != "succeeded":
        return session
    return _finish(scope, session | {"payment_status": "paid"})


def pay_later(scope: Scope, session: Json, method: Json) -> Json:
    """Complete a session whose payment takes days, as by a bank debit: complete, and unpaid."""
    check_open(scope, session)
    session["customer_details"] = session["customer_details"] or customer_details(email=None, name=None)
    payments.wait(scope, _intent(scope, session), method)
    return _finish(scope, session)


def settle_later(scope: Scope, session: Json, *, paid: bool) -> Json:
    """Let the payment of a completed, unpaid session arrive or fail."""
    if session["status"] != "complete" or session["payment_status"] != "unpaid":
        raise StripeError(
            f"This session is {session['status']} and {session['payment_status']}.", executed=True
        )
    intent = scope.get("payment_intent", session["payment_intent"])
    method = payment_methods.find(scope, intent["payment_method"])
    if paid:
        payments.attempt(scope, intent, method)
        session["payment_status"] = "paid"
        scope.save(session)
    else:
        payments.decline_intent(scope, intent, method, decline_code="generic_decline")
    scope.emit(f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)
    return session


def of_intent(scope: Scope, intent_id: str) -> Json | None:
    """Return the session an intent belongs to."""
    found = scope.select(KIND, where={"payment_intent": intent_id})
    return found[0] if found else None


def _finish(scope: Scope, session: Json) -> Json:
    session |= {"status": "complete", "url": None}
    scope.save(session)
    scope.emit("checkout.session.completed", session)
    return session


def _intent(scope: Scope, session: Json) -> Json:
    if session["payment_intent"]:
        return scope.get("payment_intent", session["payment_intent"])
    intent = payments.build_intent(
        scope,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=session["customer"],
        **session["_intent"],
    )
    session["payment_intent"] = intent["id"]
    scope.save(session)
    return intent


def _ensure_customer(scope: Scope, session: Json, *, email: str, name: str | None) -> None:
    wanted = session["customer_creation"] == "always" or session["_intent"]["setup_future_usage"]
    if session["customer"] is None and (wanted or session["mode"] == "setup"):
        session["customer"] = customers.create_guest(scope, email=email, name=name)["id"]
    scope.save(session)


def _set_up(scope: Scope, session: Json, method: Json) -> str:
    intent = setup_intents.build(scope, customer=session["customer"], usage="off_session")
    return str(setup_intents.attempt(scope, intent, method)["id"])
