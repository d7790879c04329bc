"""Creators with customers, and connected accounts at the stand-in."""

import datetime as dt
from typing import Final

from accounts.customers import open_customer
from marketplace.models import Creator
from payouts.models import PayoutAccount
from payouts.operations import onboarding
from payouts.stripe import connect
from tests.support.processes import StripeStandin

NOW: Final = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def make_creator(name: str = "Alice", *, now: dt.datetime = NOW) -> Creator:
    """Make a creator with a customer of its own."""
    slug = name.lower()
    customer = open_customer(name=name, email=f"{slug}@example.com", now=now)
    return Creator.objects.create(customer=customer, display_name=name, slug=slug, created_at=now)


def connect_stripe(
    creator: Creator, standin: StripeStandin, *, state: str = "enabled", now: dt.datetime = NOW
) -> PayoutAccount:
    """Connect a creator's account and bring it to a state, as its `account.updated` would."""
    account = onboarding.connected(creator=creator, now=now)
    change_account(account, standin, state=state, now=now)
    account.refresh_from_db()
    return account


def change_account(
    account: PayoutAccount, standin: StripeStandin, *, state: str, now: dt.datetime = NOW
) -> None:
    """Change an account at Stripe, and let dj-stripe's row and ours follow."""
    account_id = account.stripe_account_id or ""
    standin.post(f"/_sim/accounts/{account_id}", state=state)
    connect.refresh(account_id=account_id)
    onboarding.sync(stripe_account_id=account_id, now=now)
