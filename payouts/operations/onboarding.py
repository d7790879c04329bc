"""Connect a creator to Stripe: the intent first, then the account under our key, then links made afresh."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from config.kit.errors import ConflictError
from marketplace.models import Creator
from payouts.models import PayoutAccount
from payouts.stripe import connect
from payouts.stripe.connect import AccountState

# Stripe forgets keys after a day: from then on we look for the account before asking again.
KEY_LIFE: Final = dt.timedelta(hours=24)
STALE_AFTER: Final = dt.timedelta(hours=6)
RESYNC_BATCH: Final = 100


class NotConnectedError(ConflictError):
    """There is no connected account yet."""

    code = "not_connected"
    title = "Stripe is not connected yet"


@dataclass(frozen=True)
class Addresses:
    """Where Stripe's onboarding sends the browser back to."""

    return_url: str
    refresh_url: str


def start(*, creator: Creator, addresses: Addresses, now: dt.datetime) -> str:
    """Give a fresh onboarding link, making the connected account the first time.

    Raises StripeUnavailableError (nothing is lost: click again) or StripeRefusedError.
    """
    account = connected(creator=creator, now=now)
    return connect.account_link(
        account_id=account.stripe_account_id or "",
        return_url=addresses.return_url,
        refresh_url=addresses.refresh_url,
    )


def connected(*, creator: Creator, now: dt.datetime) -> PayoutAccount:
    """Give the creator's account, asking Stripe for it under one key however often this is called."""
    account, _ = PayoutAccount.objects.get_or_create(creator=creator, defaults={"requested_at": now})
    if account.stripe_account_id is None:
        record(state=_lost(account, creator, now) or _create(creator), account_id=account.pk, now=now)
        account.refresh_from_db()
    return account


def dashboard(*, creator: Creator) -> str:
    """Give a link into the creator's dashboard at Stripe. Raises NotConnectedError."""
    account = PayoutAccount.objects.filter(creator=creator).exclude(stripe_account_id=None).first()
    if account is None:
        raise NotConnectedError
    return connect.login_link(account_id=account.stripe_account_id or "")


def sync(*, stripe_account_id: str, now: dt.datetime) -> None:
    """Copy the state that dj-stripe synced last; an account that is not ours is let be."""
    state = connect.synced(account_id=stripe_account_id)
    account = PayoutAccount.objects.filter(stripe_account_id=stripe_account_id).first()
    if state is not None and account is not None:
        record(state=state, account_id=account.pk, now=now)


def resync_stale(*, now: dt.datetime) -> int:
    """Read from Stripe the accounts of which nothing was heard for long; give how many."""
    stale = PayoutAccount.objects.filter(synced_at__lte=now - STALE_AFTER).exclude(stripe_account_id=None)
    found = list(stale.order_by("synced_at")[:RESYNC_BATCH])
    for account in found:
        refresh(account_id=account.pk, now=now)
    return len(found)


def refresh(*, account_id: int, now: dt.datetime) -> None:
    """Read an account from Stripe now. Raises NotConnectedError and StripeUnavailableError."""
    stripe_id = PayoutAccount.objects.values_list("stripe_account_id", flat=True).get(pk=account_id)
    if stripe_id is None:
        raise NotConnectedError
    record(state=connect.refresh(account_id=stripe_id), account_id=account_id, now=now)


def record(*, state: AccountState, account_id: int, now: dt.datetime) -> None:
    """Write what Stripe says of an account. Waits for a transfer to it that is being decided."""
    with transaction.atomic():
        account = PayoutAccount.objects.select_for_update().get(pk=account_id)
        account.stripe_account_id = state.id
        account.country = state.country
        account.details_submitted = state.details_submitted
        account.payouts_enabled = state.payouts_enabled
        account.transfers = state.transfers
        account.disabled_reason = state.disabled_reason
        account.requirements_due = list(state.requirements_due)
        account.synced_at = now
        account.save()


def _create(creator: Creator) -> AccountState:
    return connect.create_account(
        creator_id=creator.public_id,
        email=creator.customer.email,
        name=creator.display_name,
        key=f"account:{creator.public_id}",
    )


def _lost(account: PayoutAccount, creator: Creator, now: dt.datetime) -> AccountState | None:
    if now - account.requested_at < KEY_LIFE:
        return None
    return connect.find_account(creator_id=creator.public_id, since=account.requested_at)
