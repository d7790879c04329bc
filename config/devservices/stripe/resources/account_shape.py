"""How an account looks."""

from typing import Any, Final

from config.devservices.stripe import ids
from config.devservices.stripe.errors import Json
from config.devservices.stripe.forms import Params

PAYERS: Final = ("account", "application")
DASHBOARDS: Final = ("express", "full", "none")
PLATFORM_CREATED: Final = 1_700_000_000


def controller(params: Params, kind: str | None) -> Json:
    """Return the controller asked for, or the one a type stands for."""
    express = kind == "express"
    dashboard = {"express": "express", "custom": "none"}.get(kind or "", "full")
    losses = params.child("losses").choice("payments", ("application", "stripe"))
    payer = params.child("fees").choice("payer", PAYERS)
    return {
        "fees": {"payer": payer or ("application_express" if express else "account")},
        "is_controller": True,
        "losses": {"payments": losses or ("application" if kind in ("express", "custom") else "stripe")},
        "requirement_collection": params.choice("requirement_collection", ("application", "stripe"))
        or ("application" if kind == "custom" else "stripe"),
        "stripe_dashboard": {
            "type": params.child("stripe_dashboard").choice("type", DASHBOARDS) or dashboard
        },
        "type": "application",
    }


def type_of(params: Params, kind: str | None) -> str:
    """Return the type Stripe shows for a controller."""
    if kind or not params.form:
        return kind or "standard"
    express = params.child("stripe_dashboard").text("type") == "express"
    stripe_collects = params.choice("requirement_collection", ("application", "stripe")) != "application"
    return "express" if express and stripe_collects else "none"


def platform(now: int) -> Json:
    """Return the platform's own account."""
    account = connected(
        account_id=ids.PLATFORM,
        now=min(now, PLATFORM_CREATED),
        country="US",
        email="platform@example.com",
        controller={"type": "account"},
        type="standard",
    )
    account["settings"]["payouts"]["schedule"]["interval"] = "manual"
    account["settings"]["dashboard"]["display_name"] = "Stripe stand-in"
    return {
        **account,
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "details_submitted": True,
        "payouts_enabled": True,
        "requirements": requirements([]),
    }


def connected(
    *, account_id: str, now: int, country: str, email: str | None, controller: Json, type: str
) -> Json:
    """Return a new account that has still to be onboarded."""
    return {
        "id": account_id,
        "object": "account",
        "business_profile": _business_profile(),
        "business_type": None,
        "capabilities": {},
        "charges_enabled": False,
        "controller": controller,
        "country": country,
        "created": now,
        "default_currency": "usd",
        "details_submitted": False,
        "email": email,
        "external_accounts": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/accounts/{account_id}/external_accounts",
        },
        "future_requirements": requirements([]),
        "metadata": {},
        "payouts_enabled": False,
        "requirements": requirements([]),
        "settings": _settings(),
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": type,
        "_state": "new",
        "_payout_due": None,
    }


def requirements(due: list[str], *, disabled_reason: str | None = None, past: bool = False) -> Json:
    """Return the requirements hash."""
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": due,
        "disabled_reason": disabled_reason,
        "errors": [],
        "eventually_due": due,
        "past_due": due if past else [],
        "pending_verification": [],
    }


def bank(account_id: str, bank_id: str) -> Json:
    """Return a bank account of a connected account."""
    return {
        "id": bank_id,
        "object": "bank_account",
        "account": account_id,
        "account_holder_name": None,
        "account_holder_type": None,
        "account_type": None,
        "available_payout_methods": ["standard"],
        "bank_name": "STRIPE TEST BANK",
        "country": "US",
        "currency": "usd",
        "customer": None,
        "default_for_currency": True,
        "fingerprint": "1JWtPxqbdX5Gamtc",
        "future_requirements": _bank_requirements(),
        "last4": "6789",
        "metadata": {},
        "requirements": _bank_requirements(),
        "routing_number": "110000000",
        "status": "new",
    }


def _bank_requirements() -> Json:
    return {"currently_due": [], "errors": [], "past_due": [], "pending_verification": []}


def _business_profile() -> Json:
    names = ("mcc", "name", "product_description", "support_address", "support_email", "support_phone")
    profile: dict[str, Any] = dict.fromkeys(names)
    return {
        **profile,
        "support_url": None,
        "url": None,
        "annual_revenue": None,
        "estimated_worker_count": None,
    }


def _settings() -> Json:
    prefixes = (
        "statement_descriptor_prefix",
        "statement_descriptor_prefix_kana",
        "statement_descriptor_prefix_kanji",
    )
    return {
        "bacs_debit_payments": {"display_name": None, "service_user_number": None},
        "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
        "card_issuing": {"tos_acceptance": {"date": None, "ip": None}},
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": False},
            **dict.fromkeys(prefixes),
        },
        "dashboard": {"display_name": None, "timezone": "Etc/UTC"},
        "invoices": {"default_account_tax_ids": None, "hosted_payment_method_save": None},
        "payments": {
            "statement_descriptor": None,
            "statement_descriptor_kana": None,
            "statement_descriptor_kanji": None,
            **dict.fromkeys(prefixes[1:]),
        },
        "payouts": {
            "debit_negative_balances": True,
            "schedule": {"delay_days": 2, "interval": "daily"},
            "statement_descriptor": None,
        },
        "sepa_debit_payments": {},
    }
