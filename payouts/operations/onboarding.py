"""Connect a creator to Stripe: the intent first, then the account under our key, then links made afresh."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Q

from config.kit import jobs
from config.kit.errors import ConflictError
from marketplace.models import Creator
from payouts import countries
from payouts.models import GONE, Ended, PastAccount, PayoutAccount
from payouts.stripe import connect
from payouts.stripe.connect import AccountGoneError, AccountState

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


def start(*, creator: Creator, addresses: Addresses, now: dt.datetime, country: str = "") -> str:
    """Give a fresh onboarding link, making the connected account the first time, and another after one that ended.

    Raises StripeUnavailableError (nothing is lost: click again) or StripeRefusedError.
    """
    account = connected(creator=creator, now=now, country=country)
    return connect.account_link(
        account_id=account.stripe_account_id or "",
        return_url=addresses.return_url,
        refresh_url=addresses.refresh_url,
    )


def connected(*, creator: Creator, now: dt.datetime, country: str = "") -> PayoutAccount:
    """Give the creator's account, asking Stripe for it under one key however often this is called.

    Its country is the one that was said first: Stripe never changes it.
    """
    wanted = country if country in countries.NAMES else ""
    account, _ = PayoutAccount.objects.get_or_create(
        creator=creator, defaults={"requested_at": now, "country": wanted}
    )
    if account.ended:
        account = _replace(account, wanted, now)
    if account.stripe_account_id is None:
        state = _lost(account, creator, now) or _create(account, creator)
        record(state=state, account_id=account.pk, now=now)
        account.refresh_from_db()
    return account


def end(*, stripe_account_id: str, why: Ended, now: dt.datetime) -> None:
    """Note that an account is paid no more; waits for a transfer to it that is being decided."""
    live = PayoutAccount.objects.filter(stripe_account_id=stripe_account_id, ended="")
    live.update(ended=why, ended_at=now, payouts_enabled=False, transfers="inactive")


def dashboard(*, creator: Creator) -> str:
    """Give a link into the creator's dashboard at Stripe. Raises NotConnectedError."""
    account = PayoutAccount.objects.filter(creator=creator).exclude(stripe_account_id=None).first()
    if account is None or account.ended:
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
    stale = PayoutAccount.objects.filter(synced_at__lte=now - STALE_AFTER).exclude(
        Q(stripe_account_id=None) | Q(ended__in=GONE)
    )
    read = 0
    # An account that cannot be read stays the oldest: it takes nobody's place in the batch.
    for account in stale.order_by("synced_at"):
        with jobs.fenced("account.not_read id=%s", account.stripe_account_id):
            refresh(account_id=account.pk, now=now)
            read += 1
        if read == RESYNC_BATCH:
            break
    return read


def refresh(*, account_id: int, now: dt.datetime) -> None:
    """Read an account from Stripe now. Raises NotConnectedError and StripeUnavailableError."""
    stripe_id = PayoutAccount.objects.values_list("stripe_account_id", flat=True).get(pk=account_id)
    if stripe_id is None:
        raise NotConnectedError
    try:
        state = connect.refresh(account_id=stripe_id)
    except AccountGoneError:
        end(stripe_account_id=stripe_id, why=Ended.CLOSED, now=now)
    else:
        record(state=state, account_id=account_id, now=now)


def record(*, state: AccountState, account_id: int, now: dt.datetime) -> None:
    """Write what Stripe says of an account. Waits for a transfer to it that is being decided."""
    with transaction.atomic():
        account = PayoutAccount.objects.select_for_update().get(pk=account_id)
        if account.stripe_account_id not in (None, state.id) or account.ended in GONE:
            return  # late news of an account that is gone
        account.stripe_account_id = state.id
        account.ended = Ended.REJECTED if state.is_rejected else ""
        account.ended_at = (account.ended_at or now) if state.is_rejected else None
        account.requirements_deadline = state.deadline
        account.currency = state.currency
        account.service_agreement = state.service_agreement
        account.country = state.country
        account.details_submitted = state.details_submitted
        account.payouts_enabled = state.payouts_enabled
        account.transfers = state.transfers
        account.disabled_reason = state.disabled_reason
        account.requirements_due = list(state.requirements_due)
        account.synced_at = now
        account.save()


def _replace(account: PayoutAccount, country: str, now: dt.datetime) -> PayoutAccount:
    """Put an ended account into the past, so that another is asked for; what was approved for it is not sent."""
    with transaction.atomic():
        locked = PayoutAccount.objects.select_for_update().get(pk=account.pk)
        if locked.ended and locked.stripe_account_id:
            assert locked.ended_at is not None
            PastAccount.objects.create(
                creator_id=locked.creator_id,
                stripe_account_id=locked.stripe_account_id,
                ended=locked.ended,
                ended_at=locked.ended_at,
                replaced_at=now,
            )
            locked.stripe_account_id, locked.ended, locked.ended_at = None, "", None
            locked.details_submitted, locked.requirements_due, locked.disabled_reason = False, [], ""
            locked.country, locked.requested_at, locked.number = country, now, locked.number + 1
            locked.save()
    return locked


def _create(account: PayoutAccount, creator: Creator) -> AccountState:
    again = f":{account.number}" if account.number > 1 else ""
    return connect.create_account(
        creator_id=creator.public_id,
        email=creator.customer.email,
        name=creator.display_name,
        country=account.country,
        key=f"account:{creator.public_id}{again}",
    )


def _lost(account: PayoutAccount, creator: Creator, now: dt.datetime) -> AccountState | None:
    if now - account.requested_at < KEY_LIFE:
        return None
    return connect.find_account(creator_id=creator.public_id, since=account.requested_at)
