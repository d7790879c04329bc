"""Corrections by two: one asks with a reason, another decides; what is decided is posted, and nothing is edited."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.audit import Staff
from config.kit import reasons
from config.kit.errors import ConflictError, ForbiddenError, InvalidInputError
from payouts.models import Correction, Discrepancy
from payouts.operations import discrepancies
from payouts.queries import stripe_cash
from payouts.queries.stripe_cash import Scope
from wallets import chart, ledger
from wallets.chart import PlatformWallet
from wallets.ledger import Leg, Source

# What may take a difference. Accounts that stand for rows (deferred, owed, receivable, …) are corrected by what
# those rows go through.
ACCOUNTS: Final = {
    "bank": chart.BANK,
    "revenue": chart.REVENUE,
    "loss": chart.USD_LOSS,
    "fx": chart.FX,
}
ASSETS: Final = {"suspense": chart.SUSPENSE, **ACCOUNTS}
State = Correction.State
Kind = Discrepancy.Kind


class NotTwoPeopleError(ForbiddenError):
    """Who asks for a correction does not decide it."""

    code = "not_two_people"
    title = "Another person decides"


class NotOpenError(ConflictError):
    """The discrepancy is resolved, or a correction of it waits already."""

    code = "not_open"
    title = "There is nothing to correct"


def accounts_for(*, discrepancy: Discrepancy) -> tuple[str, ...]:
    """Name the accounts that may take a discrepancy's difference; another day needs none, it is accepted."""
    if discrepancy.kind == Kind.TIMING:
        return ()
    if discrepancy.kind == Kind.ACCOUNT:
        return _stands_in(discrepancy)
    return tuple(ACCOUNTS)


def legs(*, discrepancy: Discrepancy, account: str) -> list[Leg]:
    """Give what a correction would post: the preview and the posting are the same."""
    if discrepancy.kind == Kind.TIMING:
        return []
    amount, taker = discrepancy.amount, ASSETS[account]
    if discrepancy.kind == Kind.UNEXPLAINED:
        return [Leg(chart.SUSPENSE, -amount), Leg(taker, amount)]
    return [Leg(chart.STRIPE_CASH, -amount), Leg(taker, amount)]


def request(
    *, discrepancy: Discrepancy, account: str, reason: str, staff: Staff, now: dt.datetime
) -> Correction:
    """Ask for a correction. Raises InvalidInputError without a reason or fitting account, NotOpenError."""
    reasons.check(reason=reason)
    allowed = accounts_for(discrepancy=discrepancy)
    if account not in (allowed or ("",)):
        raise InvalidInputError(f"The difference goes to one of: {', '.join(allowed) or 'no account'}.")
    try:
        with transaction.atomic():
            _locked(discrepancy.pk)
            correction = Correction.objects.create(
                discrepancy=discrepancy,
                account=account,
                amount=discrepancy.amount if account else 0,
                reason=reason,
                requested_by=staff.user,
                requested_at=now,
            )
            _audit(correction, "correction.request", reason, staff, now)
    except IntegrityError as error:
        raise NotOpenError("A correction of this waits for its decision already.") from error
    return correction


def decline(*, correction: Correction, staff: Staff, reason: str, now: dt.datetime) -> None:
    """Decline a correction: nothing is posted. Raises NotTwoPeopleError or NotOpenError."""
    with transaction.atomic():
        _decide(correction, State.DECLINED, staff, now)
        _audit(correction, "correction.decline", reason, staff, now)


def approve(*, correction: Correction, staff: Staff, now: dt.datetime) -> None:
    """Approve a correction and post it, then judge its cause again. Raises NotTwoPeopleError or NotOpenError."""
    with transaction.atomic():
        discrepancy = _locked(correction.discrepancy_id)
        if correction.account and discrepancy.amount != correction.amount:
            raise NotOpenError("The difference has changed since; decline this one and ask again.")
        _decide(correction, State.APPROVED, staff, now)
        posted = _post(correction, discrepancy, staff, now)
        Correction.objects.filter(pk=correction.pk).update(state=State.APPLIED, transaction_id=posted)
        _audit(correction, "correction.approve", correction.reason, staff, now)
        actor = f"{audit.named(user=correction.requested_by)} and {staff.actor}"[:80]
        how = f"{correction.public_id}: {correction.reason}"
        discrepancies.resolve(discrepancy=discrepancy, actor=actor, how=how, now=now)
        # Whatever is still wrong with the cause is a discrepancy of its own.
        discrepancies.settle(scope=Scope(keys=(discrepancy.key,)), actor=actor, now=now)


def _post(correction: Correction, discrepancy: Discrepancy, staff: Staff, now: dt.datetime) -> int | None:
    moved = legs(discrepancy=discrepancy, account=correction.account)
    if not moved:
        return None
    sides = stripe_cash.load(scope=Scope(keys=(discrepancy.key,)))
    lines = [line for line in (*sides.said, *sides.booked) if line.key == discrepancy.key]
    return ledger.post(
        kind="rebooking" if discrepancy.kind == Kind.ACCOUNT else "correction",
        source=Source("correction", f"{discrepancy.key}#{correction.public_id}"),
        actor=staff.actor,
        legs=moved,
        now=now,
        occurred_at=min((line.at for line in lines), default=now),
        description=correction.reason,
    ).transaction_id


def _stands_in(discrepancy: Discrepancy) -> tuple[str, ...]:
    sides = stripe_cash.load(scope=Scope(keys=(discrepancy.key,)))
    found = {line.account.split()[0] for line in sides.booked if line.key == discrepancy.key}
    return tuple(sorted(found & ASSETS.keys()))


def _locked(discrepancy_id: int) -> Discrepancy:
    # One decision after the other: of two approvals the second finds the discrepancy resolved.
    found = Discrepancy.objects.select_for_update().get(pk=discrepancy_id)
    if found.resolved_at is not None:
        raise NotOpenError("It is resolved.")
    return found


def _decide(correction: Correction, to: str, staff: Staff, now: dt.datetime) -> None:
    if staff.user.pk == correction.requested_by_id:
        raise NotTwoPeopleError("You asked for this correction; another person decides it.")
    waiting = Correction.objects.filter(pk=correction.pk, state=State.REQUESTED)
    if not waiting.update(state=to, decided_by=staff.user, decided_at=now):
        raise NotOpenError("It is decided.")


def _audit(correction: Correction, act: str, reason: str, staff: Staff, now: dt.datetime) -> None:
    audit.record(
        actor=staff.actor,
        act=act,
        object_id=correction.public_id,
        reason=reason,
        address=staff.address,
        now=now,
    )


def describe(*, moved: Sequence[Leg]) -> list[tuple[str, int]]:
    """Name each leg's account, for the preview."""
    return [(leg.wallet.kind, leg.amount) for leg in moved if isinstance(leg.wallet, PlatformWallet)]
