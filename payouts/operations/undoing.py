"""Undo a run that was settled and has failed after all: its customer has everything back, who earned gives it back.

What waits in clearing is posted first, so that there is one way back: from the wallets of who earned.
"""

import datetime as dt
from typing import Final

from django.db import connection, transaction

from accounts import audit
from accounts.audit import Staff
from billing.models import Execution
from billing.operations import posting
from config.kit import reasons
from config.kit.errors import ConflictError
from payouts.operations import pulls
from payouts.queries import undoing
from payouts.queries.undoing import KIND, Plan
from wallets import chart, money
from wallets import undoing as ledger
from wallets.ledger import Leg, Posted, Source

JUST_AFTER: Final = dt.timedelta(microseconds=1)
MARK: Final = "SELECT billing_undone(%s, %s)"


class NotUndoableError(ConflictError):
    """The run was not charged, was undone before, or was written off."""

    code = "not_undoable"
    title = "The run cannot be undone"


def undo(*, run: Execution, by: Staff, reason: str, now: dt.datetime) -> Plan:
    """Undo a run as staff decided; say who gave what back.

    Raises InvalidInputError without a reason, NotUndoableError, BilledError and DisputedError.
    """
    reasons.check(reason=reason)
    _post_first(run, now)
    with transaction.atomic():
        plan = _undone(run, by.actor, reason, now)
        audit.record(
            actor=by.actor, act=KIND, object_id=run.public_id, reason=reason, address=by.address, now=now
        )
        return plan


def _post_first(run: Execution, now: dt.datetime) -> None:
    refusal = undoing.refusal(run=run)
    if refusal:
        raise NotUndoableError(refusal)
    assert run.closed_at is not None
    posting.drain_clearing(before=run.closed_at + JUST_AFTER, now=now)


def _undone(run: Execution, actor: str, reason: str, now: dt.datetime) -> Plan:
    """Lock the run, then all wallets by id; plan, book and mark. Of two at once the second is refused."""
    locked = Execution.objects.select_for_update(no_key=True).get(pk=run.pk)
    charges = undoing.charges(run=locked)
    pulls.lock(creator_ids=undoing.creators(run=locked), wallet_ids=undoing.wallets(charges=charges), now=now)
    # Under the wallet's lock: a write-off of what the run burned is done, or comes later and finds it undone.
    refusal = undoing.refusal(run=locked)
    if refusal:
        raise NotUndoableError(refusal)
    plan = undoing.plan(run=locked)
    posted = _book(plan, charges, actor, reason, now)
    pulls.keep(
        parts=plan.pulls, cause=Source(KIND, locked.public_id), transaction_id=posted.transaction_id, now=now
    )
    with connection.cursor() as cursor:
        cursor.execute(MARK, [locked.pk, now])
    return plan


def _book(plan: Plan, charges: list[int], actor: str, reason: str, now: dt.datetime) -> Posted:
    unpaid = money.credits_to_usd(plan.run.zero_cash_earned)
    return ledger.undo(
        charges=charges,
        owing=undoing.owing(charges=charges),
        legs=[
            Leg(chart.PLATFORM_SHARE, -plan.own),
            Leg(chart.LOSS, -plan.lost),
            # What the platform spent on promotional credits that creators earned of is not spent after all.
            Leg(chart.PROMO_EXPENSE, unpaid),
            *pulls.legs(parts=plan.pulls, now=now),
        ],
        kind=KIND,
        source=Source("execution", plan.run.public_id),
        actor=actor,
        description=reason,
        now=now,
    )
