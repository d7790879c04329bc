"""Adjustments of a balance by staff: asked for with a reason, by one below a limit, decided by another above it.

Each is audited in the transaction that does it. The database refuses what must not be (wallets/sql/adjustments.sql).
"""

import datetime as dt
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import Abs

from accounts import audit
from accounts.audit import Staff
from accounts.models import Membership, User
from config.kit import reasons
from config.kit.errors import ConflictError, ForbiddenError
from wallets import calls, operations, queries
from wallets.models import Adjustment, Wallet
from wallets.money import MICRO, text

ALONE_WITHIN: Final = dt.timedelta(days=1)


class AlreadyDecidedError(ConflictError):
    """Somebody else was faster."""

    code = "already_decided"
    title = "It is decided already"


class OwnWalletError(ForbiddenError):
    """Nobody adjusts a wallet of its own."""

    code = "own_wallet"
    title = "The wallet is your own"


class SamePersonError(ForbiddenError):
    """Who asked does not decide."""

    code = "same_person"
    title = "Another person decides"


def request(
    *, wallet: Wallet, amount: int, reason: str, reference: str, by: Staff, now: dt.datetime
) -> Adjustment:
    """Ask for an adjustment; within what the person may do alone it is applied at once.

    `reference` makes it happen once. Raises InvalidInputError, InsufficientCreditsError, OwnWalletError.
    """
    operations.check_adjustment(wallet=wallet, amount=amount, reason=reason)
    with transaction.atomic():
        # One after the other: two requests at once cannot both find the limit unused. Who decides meanwhile is named by
        # a foreign key, which this weaker lock lets pass.
        User.objects.select_for_update(no_key=True).get(pk=by.user.pk)
        found = Adjustment.objects.filter(public_id=reference).first()
        if found is not None:
            return _same(found, wallet, amount, by)
        alone = alone_left(user=by.user, now=now)
        asked = _ask(
            wallet=wallet, amount=amount, reason=reason, by=by, now=now, public_id=reference, limit=alone
        )
        if abs(amount) <= alone:
            return _apply(asked, decided_by=None, now=now)
        return asked


def approve(*, adjustment: Adjustment, by: Staff, now: dt.datetime) -> Adjustment:
    """Apply what another person asked for.

    Raises AlreadyDecidedError, SamePersonError, OwnWalletError, and InsufficientCreditsError where the wallet no longer
    covers it: then it stays as it was asked.
    """
    with transaction.atomic():
        asked = _open(adjustment, by)
        _audit("approve", asked, asked.reason, by, now)
        return _apply(asked, decided_by=by.user, now=now)


def decline(*, adjustment: Adjustment, reason: str, by: Staff, now: dt.datetime) -> Adjustment:
    """Refuse what another person asked for, with a reason.

    Raises AlreadyDecidedError, SamePersonError, OwnWalletError, InvalidInputError.
    """
    reasons.check(reason=reason)
    with transaction.atomic():
        asked = _open(adjustment, by)
        asked.state, asked.decided_by, asked.decided_at = Adjustment.State.DECLINED, by.user, now
        asked.decision = reason
        asked.save(update_fields=["state", "decided_by", "decided_at", "decision"])
        _audit("decline", asked, reason, by, now)
        return asked


def reverse(*, adjustment: Adjustment, by: Staff, now: dt.datetime) -> Adjustment:
    """Undo an applied adjustment by one of the opposite sign, of what is available, once.

    Raises ConflictError where there is nothing to undo, OwnWalletError, InsufficientCreditsError.
    """
    with transaction.atomic():
        # The adjustment, then its wallet, as an approval locks them: what is available stays until it is taken.
        first = Adjustment.objects.select_for_update().get(pk=adjustment.pk)
        wallet = Wallet.objects.select_for_update(no_key=True).get(pk=first.wallet_id)
        refusal = not_reversible(adjustment=first)
        if refusal:
            raise ConflictError(refusal)
        amount = reversible(adjustment=first, wallet=wallet, now=now)
        if amount == 0:
            raise calls.shortfall(required=first.amount, available=0)
        undo = _ask(
            wallet=wallet,
            amount=amount,
            reason=f"Reverses {first.public_id}: {first.reason}"[: reasons.LENGTH_MAX],
            by=by,
            now=now,
            limit=0,
            reverses=first,
        )
        return _apply(undo, decided_by=None, now=now)


def reversible(*, adjustment: Adjustment, wallet: Wallet, now: dt.datetime) -> int:
    """Give what undoing it would add: of what was given, no more than is available is taken."""
    if adjustment.amount < 0:
        return -adjustment.amount
    available = queries.balance(wallet=wallet, now=now).available
    return -min(adjustment.amount, max(available, 0))


def not_reversible(*, adjustment: Adjustment) -> str:
    """Say why an adjustment cannot be undone; empty when it can."""
    if adjustment.state != Adjustment.State.APPLIED:
        return "Only what was applied can be reversed."
    if adjustment.reverses_id is not None:
        return "A reversal is not reversed: ask for a new adjustment."
    if Adjustment.objects.filter(reverses=adjustment).exists():
        return "It is reversed already."
    return ""


def alone_left(*, user: User, now: dt.datetime) -> int:
    """Tell how much a person may still adjust alone: many small adjustments are not a large one's way round."""
    lately = Adjustment.objects.filter(
        requested_by=user,
        requested_at__gt=now - ALONE_WITHIN,
        state=Adjustment.State.APPLIED,
        decided_by=None,
        reverses=None,
    )
    used = lately.aggregate(sum=Sum(Abs(F("amount"))))["sum"] or 0
    return max(int(settings.ADJUSTMENT_ALONE_CREDITS) * MICRO - int(used), 0)


def refuse_own(*, wallet: Wallet, user: User) -> None:
    """Raise OwnWalletError where a member of staff would change a balance that it shares."""
    owned = wallet.owner_type == Wallet.OwnerType.CONSUMER
    if owned and Membership.objects.filter(customer_id=wallet.owner_id, user=user).exists():
        raise OwnWalletError("You share this wallet: somebody else adjusts it.")


def _ask(
    *,
    wallet: Wallet,
    amount: int,
    reason: str,
    by: Staff,
    now: dt.datetime,
    limit: int,
    public_id: str | None = None,
    reverses: Adjustment | None = None,
) -> Adjustment:
    refuse_own(wallet=wallet, user=by.user)
    available = queries.balance(wallet=wallet, now=now).available
    if amount < 0 and available + amount < 0:
        raise calls.shortfall(required=-amount, available=available)
    named = {"public_id": public_id} if public_id else {}
    asked = Adjustment.objects.create(
        **named,
        wallet=wallet,
        amount=amount,
        reason=reason,
        available_before=available,
        alone_limit=limit,
        requested_by=by.user,
        requested_at=now,
        reverses=reverses,
    )
    _audit("reverse" if reverses else "request", asked, reason, by, now)
    return asked


def _apply(asked: Adjustment, *, decided_by: User | None, now: dt.datetime) -> Adjustment:
    posted = operations.adjust(
        wallet=asked.wallet,
        amount=asked.amount,
        reference=asked.public_id,
        reason=asked.reason,
        actor=audit.named(user=asked.requested_by),
        now=now,
    )
    asked.state, asked.decided_by, asked.decided_at = Adjustment.State.APPLIED, decided_by, now
    asked.transaction_id = posted.transaction_id
    asked.save(update_fields=["state", "decided_by", "decided_at", "transaction"])
    return asked


def _open(adjustment: Adjustment, by: Staff) -> Adjustment:
    """Lock what is to be decided: of two who decide at once, the second finds it decided."""
    asked = (
        Adjustment.objects.select_for_update(of=("self",))
        .select_related("wallet", "requested_by")
        .get(pk=adjustment.pk)
    )
    if asked.state != Adjustment.State.REQUESTED:
        raise AlreadyDecidedError(f"It was {asked.state} already.")
    if asked.requested_by_id == by.user.pk:
        raise SamePersonError("You asked for it: another person decides.")
    refuse_own(wallet=asked.wallet, user=by.user)
    return asked


def _same(found: Adjustment, wallet: Wallet, amount: int, by: Staff) -> Adjustment:
    if (found.wallet_id, found.amount, found.requested_by_id) != (wallet.pk, amount, by.user.pk):
        raise ConflictError("This form was sent before with something else: open it again.")
    audit.repeated()
    return found


def _audit(act: str, asked: Adjustment, reason: str, by: Staff, now: dt.datetime) -> None:
    audit.record(
        actor=by.actor,
        act=f"adjustment.{act}",
        object_id=asked.wallet.public_id,
        reason=f"{asked.public_id}, {text(asked.amount)} credits: {reason}",
        address=by.address,
        now=now,
    )
