"""Approve drafts, put failed payouts back in line, cancel what has not moved."""

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction

from config.kit.errors import ConflictError
from config.kit.jobs import enqueue
from payouts import gates, states
from payouts.models import Payout, PayoutAccount, PayoutRun
from payouts.operations import drafts
from payouts.queries import standing

AUTOMATIC = "job:auto_approve"


class AccountBlockedError(ConflictError):
    """The creator's connected account cannot be paid at the moment."""

    code = "account_blocked"
    title = "The account cannot be paid"


def approve(*, payouts: Iterable[Payout], actor: str, now: dt.datetime) -> int:
    """Approve drafts, and failed payouts for another attempt; give how many. Sending starts after the commit.

    Raises PayoutStateError or AccountBlockedError, and then approves none.
    """
    with transaction.atomic():
        approved = [_approve(payout, actor, now) for payout in payouts]
        if approved:
            enqueue("payouts.send_approved")
    return len(approved)


def approve_small(*, run: PayoutRun, now: dt.datetime) -> int:
    """Approve a run's drafts up to the setting's limit; 0 leaves all of them to the staff."""
    limit = int(settings.PAYOUT_AUTO_APPROVE_CENTS)
    drafted = Payout.objects.filter(run=run, state=Payout.State.DRAFT, amount_cents__lte=limit)
    return approve(payouts=list(drafted), actor=AUTOMATIC, now=now)


def cancel(*, payouts: Iterable[Payout], actor: str, now: dt.datetime, reason: str) -> int:
    """Cancel payouts of which nothing has moved; give how many.

    Raises PayoutStateError, and then cancels none.
    """
    with transaction.atomic():
        return len([drafts.cancel(payout=payout, actor=actor, now=now, reason=reason) for payout in payouts])


def _approve(payout: Payout, actor: str, now: dt.datetime) -> Payout:
    # Locked as sending and the run lock it: a failed payout is either retried or taken into the next one.
    account = PayoutAccount.objects.select_for_update().get(pk=payout.account_id)
    blocked = gates.account_gate(standing=standing.account_standing(account=account))
    if blocked:
        raise AccountBlockedError(f"{payout.creator}: {blocked[1]}")
    return states.advance(
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
    )
