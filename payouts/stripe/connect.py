"""Connected accounts: made with controller properties that equal Express, mirrored by dj-stripe."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import stripe
from django.conf import settings
from djstripe.models import Account

from billing.stripe.client import client, secret_key
from billing.stripe.errors import StripeRefusedError, translated
from config.kit.errors import DomainError

# How Stripe answers for an account that is closed, deleted or disconnected.
GONE: Final = frozenset({"account_invalid", "resource_missing"})


@dataclass(frozen=True)
class AccountState:
    """What Stripe says of a connected account."""

    id: str
    country: str
    details_submitted: bool
    payouts_enabled: bool
    transfers: str
    disabled_reason: str
    requirements_due: tuple[str, ...]
    deadline: dt.datetime | None = None
    currency: str = ""
    service_agreement: str = ""

    @property
    def is_rejected(self) -> bool:
        """Stripe does not want this account, for good."""
        return self.disabled_reason.startswith("rejected.")

    @property
    def can_be_paid(self) -> bool:
        """Stripe pays this account out and lets us transfer to it."""
        return self.payouts_enabled and self.transfers == "active"


class AccountGoneError(DomainError):
    """Stripe gives us no access to the account any more: it was closed, or disconnected."""

    code = "account_gone"
    status = 409
    title = "The account at Stripe is gone"


def create_account(*, creator_id: str, email: str, name: str, country: str, key: str) -> AccountState:
    """Make a creator's connected account, and dj-stripe's row of it at once, before its first webhook.

    Without a country Stripe takes the platform's. Where another's bank is paid, money crosses a border: such accounts
    only receive, under Stripe's recipient agreement.

    Raises StripeUnavailableError (the same key may be tried again) or StripeRefusedError.
    """
    params: stripe.params.AccountCreateParams = {
        "controller": {
            "stripe_dashboard": {"type": "express"},
            "losses": {"payments": "application"},
            "fees": {"payer": "application"},
            "requirement_collection": "stripe",
        },
        "capabilities": {"transfers": {"requested": True}},
        "email": email,
        "business_profile": {"name": name},
        "metadata": {"creator": creator_id},
    }
    if country:
        params["country"] = country
    if country and country != settings.STRIPE_COUNTRY:
        params["tos_acceptance"] = {"service_agreement": "recipient"}
    with translated():
        account = client().v1.accounts.create(params, {"idempotency_key": key})
    return _sync(account)


def find_account(*, creator_id: str, since: dt.datetime) -> AccountState | None:
    """Look for an account that we asked for and never heard of: by its metadata, among those made since."""
    with translated():
        accounts = client().v1.accounts.list({"created": {"gte": int(since.timestamp())}, "limit": 100})
        for account in accounts.auto_paging_iter():
            if account.to_dict().get("metadata", {}).get("creator") == creator_id:
                return _sync(account)
    return None


def account_link(*, account_id: str, return_url: str, refresh_url: str) -> str:
    """Make a fresh onboarding link: single-use, and stale within minutes."""
    with translated():
        link = client().v1.account_links.create(
            {
                "account": account_id,
                "type": "account_onboarding",
                "return_url": return_url,
                "refresh_url": refresh_url,
                "collection_options": {"fields": "eventually_due"},
            }
        )
    return link.url


def login_link(*, account_id: str) -> str:
    """Make a link into the creator's own Express dashboard."""
    with translated():
        return client().v1.accounts.login_links.create(account_id).url


def refresh(*, account_id: str) -> AccountState:
    """Read an account from Stripe and bring dj-stripe's row up to date. Raises AccountGoneError."""
    try:
        with translated():
            return _sync(client().v1.accounts.retrieve(account_id))
    except StripeRefusedError as refusal:
        if refusal.stripe_code in GONE:
            raise AccountGoneError from refusal
        raise


def synced(*, account_id: str) -> AccountState | None:
    """Read what dj-stripe last synced of an account; no network."""
    return synced_of(account_ids=[account_id]).get(account_id)


def synced_of(*, account_ids: Iterable[str]) -> dict[str, AccountState]:
    """Read what dj-stripe last synced of several accounts, of those that it knows; no network."""
    rows = Account.objects.filter(id__in=account_ids)
    return {row.id: _state(row.stripe_data) for row in rows}


def _sync(account: stripe.Account) -> AccountState:
    data = account.to_dict(for_json=True)
    Account.sync_from_stripe_data(data, api_key=secret_key())
    return _state(data)


def _state(data: dict[str, Any]) -> AccountState:
    requirements = data.get("requirements") or {}
    due = [*(requirements.get("past_due") or []), *(requirements.get("currently_due") or [])]
    ends = requirements.get("current_deadline")
    return AccountState(
        id=data["id"],
        country=data.get("country") or "",
        details_submitted=bool(data.get("details_submitted")),
        payouts_enabled=bool(data.get("payouts_enabled")),
        transfers=(data.get("capabilities") or {}).get("transfers") or "inactive",
        disabled_reason=requirements.get("disabled_reason") or "",
        requirements_due=tuple(dict.fromkeys(due)),
        deadline=dt.datetime.fromtimestamp(ends, dt.UTC) if ends else None,
        currency=data.get("default_currency") or "",
        service_agreement=(data.get("tos_acceptance") or {}).get("service_agreement") or "full",
    )
