"""Withdraw our own money from Stripe, and nobody else's: intent first, then the call, then its outcome.

Note [The guard]: what may leave is what both tiles of `queries/solvency.py` leave over. One withdrawal is judged and
written at a time, and one that is under way counts as gone, so that two at once cannot take the same money; the
database holds each to what was free when it was asked for.
"""

import datetime as dt
from typing import Final

from django.db import transaction

from accounts import audit
from accounts.audit import Staff
from billing.stripe.errors import StripeUnavailableError
from config.kit import jobs, reasons
from config.kit.errors import ConflictError, InvalidInputError
from payouts.models import Withdrawal
from payouts.operations import locks
from payouts.queries import solvency
from payouts.stripe import withdrawals
from payouts.stripe.transfers import TransferRefusedError, TransferUnknownError
from wallets import money

ANSWER_WITHIN: Final = dt.timedelta(seconds=90)
# Stripe forgets keys after a day; from then on only looking tells what happened.
KEY_LIFE: Final = dt.timedelta(hours=24)
State = Withdrawal.State


class NotCoveredError(ConflictError):
    """The money is somebody else's, or may become so."""

    code = "not_covered"
    title = "That much is not free"


def withdraw(*, amount_cents: int, reason: str, reference: str, staff: Staff, now: dt.datetime) -> Withdrawal:
    """Send money of ours to our bank, once a reference.

    Raises InvalidInputError, NotCoveredError beyond what is free, ConflictError for a reference of something else.
    """
    if amount_cents <= 0:
        raise InvalidInputError("A withdrawal is more than nothing.")
    reasons.check(reason=reason)
    row, new = _begin(amount_cents, reason, reference, staff, now)
    if new:
        _deliver(row, now)
        row.refresh_from_db()
    return row


def resolve_unknown(*, now: dt.datetime) -> int:
    """Find out what became of withdrawals whose outcome nobody booked; give how many."""
    waiting = Withdrawal.objects.filter(
        state__in=Withdrawal.UNRESOLVED, requested_at__lte=now - ANSWER_WITHIN
    )
    rows = list(waiting.order_by("id"))
    for row in rows:
        with jobs.fenced("withdrawal.unresolved id=%s", row.public_id):
            _look_up(row, now)
    return len(rows)


def _begin(
    amount_cents: int, reason: str, reference: str, staff: Staff, now: dt.datetime
) -> tuple[Withdrawal, bool]:
    with locks.waiting(locks.WITHDRAW), transaction.atomic():
        found = Withdrawal.objects.filter(public_id=reference).first()
        if found is not None:
            return _same(found, amount_cents, staff), False
        free = solvency.coverage().free
        if money.cents_to_micros(amount_cents) > free:
            raise NotCoveredError(
                f"${money.usd_text(free * money.MICRO)} are free; the rest covers credits and creators."
            )
        row = Withdrawal.objects.create(
            public_id=reference,
            amount_cents=amount_cents,
            coverage=free,
            reason=reason,
            requested_by=staff.user,
            requested_at=now,
        )
        audit.record(
            actor=staff.actor,
            act="withdrawal.send",
            object_id=row.public_id,
            reason=reason,
            address=staff.address,
            now=now,
        )
    return row, True


def _same(found: Withdrawal, amount_cents: int, staff: Staff) -> Withdrawal:
    if (found.amount_cents, found.requested_by_id) != (amount_cents, staff.user.pk):
        raise ConflictError("This form was sent before with something else: open it again.")
    audit.repeated()
    return found


def _deliver(row: Withdrawal, now: dt.datetime) -> None:
    try:
        payout_id = withdrawals.create(
            amount_cents=row.amount_cents, reference=row.public_id, key=row.idempotency_key
        )
    except TransferUnknownError as error:
        _change(row, State.UNKNOWN, None, error=error.detail[:500])
    except TransferRefusedError as error:
        _change(row, State.FAILED, now, error=error.detail[:500])
    else:
        _change(row, State.SENT, now, stripe_payout_id=payout_id, error="")


def _look_up(row: Withdrawal, now: dt.datetime) -> None:
    try:
        payout_id = withdrawals.find(reference=row.public_id)
    except StripeUnavailableError:
        return
    if payout_id:
        _change(row, State.SENT, now, stripe_payout_id=payout_id, error="")
    elif now - row.requested_at >= KEY_LIFE:
        _change(row, State.FAILED, now, error="Stripe has no such payout, a day after it was asked for.")
    else:
        _deliver(row, now)


def _change(row: Withdrawal, to: str, finished_at: dt.datetime | None, **facts: str) -> None:
    # Of two workers with the same news the second changes nothing.
    unresolved = Withdrawal.objects.filter(pk=row.pk, state__in=Withdrawal.UNRESOLVED)
    unresolved.update(state=to, finished_at=finished_at, **facts)
