"""Approve drafts, put failed payouts back in line, cancel what has not moved."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.models import User
from config.kit.errors import ConflictError
from config.kit.jobs import enqueue
from payouts import gates, states
from payouts.models import Payout, PayoutAccount, PayoutRun, PayoutStateChange
from payouts.operations import drafts
from payouts.queries import standing

AUTOMATIC = "job:auto_approve"
FIRST_OF_TWO = "First of two approvals"


class AccountBlockedError(ConflictError):
    """The creator's connected account cannot be paid at the moment."""

    code = "account_blocked"
    title = "The account cannot be paid"


class SecondPersonError(ConflictError):
    """A large payout is approved by two: who started its run or approved first cannot be the second."""

    code = "second_person"
    title = "A second person must approve it"


def approve(*, payouts: Iterable[Payout], actor: str, now: dt.datetime, user: User | None = None) -> int:
    """Approve drafts, and failed payouts for another attempt; give how many. Sending starts after the commit.

    The first approval of a payout above the limit is written down and waits for another person's.
    Raises PayoutStateError, AccountBlockedError or SecondPersonError, and then approves none.
    """
    with transaction.atomic():
        approved = [payout for payout in payouts if _approve(payout, actor, user, now)]
        if approved:
            enqueue("payouts.send_approved")
    return len(approved)


def approve_small(*, run: PayoutRun, now: dt.datetime) -> int:
    """Approve a run's drafts up to the setting's limit; 0 leaves all of them to the staff."""
    limit = int(settings.PAYOUT_AUTO_APPROVE_CENTS)
    drafted = Payout.objects.filter(
        run=run, state=Payout.State.DRAFT, amount_cents__lte=limit, needs_second=False
    )
    return approve(payouts=list(drafted), actor=AUTOMATIC, now=now)


def cancel(*, payouts: Iterable[Payout], actor: str, now: dt.datetime, reason: str) -> int:
    """Cancel payouts of which nothing has moved; give how many.

    Raises PayoutStateError, and then cancels none.
    """
    with transaction.atomic():
        cancelled = [drafts.cancel(payout=payout, actor=actor, now=now, reason=reason) for payout in payouts]
        for payout in cancelled:
            audit.acted(actor=actor, act="payout.cancel", object_id=payout.public_id, reason=reason, now=now)
        return len(cancelled)


def _approve(payout: Payout, actor: str, user: User | None, now: dt.datetime) -> bool:
    # Locked as sending and the run lock it: a failed payout is either retried or taken into the next one.
    account = PayoutAccount.objects.select_for_update().get(pk=payout.account_id)
    blocked = gates.account_gate(standing=standing.account_standing(account=account))
    if blocked:
        raise AccountBlockedError(f"{payout.creator}: {blocked[1]}")
    if payout.needs_second and not _is_second(payout, actor, user, now):
        return False
    second: dict[str, Any] = {"decided_by": user} if payout.needs_second else {}
    states.advance(
        payout=payout,
        to=Payout.State.APPROVED,
        actor=actor,
        now=now,
        # What is approved is this account: should the creator connect another, it is approved again.
        destination=account.stripe_account_id,
        approved_at=now,
        approved_by=actor,
        failure_code="",
        failure_detail="",
        **second,
    )
    audit.acted(actor=actor, act="payout.approve", object_id=payout.public_id, reason="", now=now)
    return True


def _is_second(payout: Payout, actor: str, user: User | None, now: dt.datetime) -> bool:
    """Tell whether this approval is the second; write the first down, also when what two approved has failed."""
    if user is None:
        raise SecondPersonError(
            f"{payout.creator}: two members of the staff must approve a payout of this size."
        )
    # Locked: of two first approvals at once, one is the second.
    row = Payout.objects.select_for_update(of=("self",)).get(pk=payout.pk)
    if row.requested_by_id and not row.decided_by_id:
        if user.pk in (row.requested_by_id, row.started_by_id):
            raise SecondPersonError(
                f"{payout.creator}: somebody who neither started nor approved it must approve it."
            )
        return True
    if row.state not in (Payout.State.DRAFT, Payout.State.FAILED):
        raise states.PayoutStateError(f"A payout that is {row.state} cannot become approved.")
    Payout.objects.filter(pk=payout.pk).update(requested_by=user, decided_by=None)
    PayoutStateChange.objects.create(
        payout=payout, old=row.state, new=row.state, actor=actor, reason=FIRST_OF_TWO, at=now
    )
    audit.acted(actor=actor, act="payout.approve", object_id=payout.public_id, reason=FIRST_OF_TWO, now=now)
    return False
