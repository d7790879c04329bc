"""Fill what no webhook told of: do for each unexplained line of Stripe's the job that its event would have enqueued."""

from collections.abc import Iterable
from typing import Final

from billing.models import BalanceTransaction
from billing.operations import payments
from config.kit import jobs

PAYMENTS: Final = frozenset({"charge", "payment"})
REFUNDS: Final = ("refund", "payment_refund", "refund_failure", "payment_failure_refund")
# By Stripe's type of line: the job that asks Stripe how the thing behind it stands, and what names that thing.
JOBS: Final = {
    **dict.fromkeys(REFUNDS, ("billing.sync_refunds", "intent_id", "origin_id")),
    "adjustment": ("billing.follow_dispute", "dispute_id", "source_id"),
    "transfer_refund": ("payouts.sync_transfer", "stripe_transfer_id", "origin_id"),
}
# A transfer that we did not book is one whose outcome we do not know.
WHOLE_JOBS: Final = {"transfer": "payouts.resolve_unknown"}
# Bank payouts of creators move no money of ours, so no line tells of them.
ALWAYS: Final = "payouts.resync_accounts"


def fill(*, line_ids: Iterable[str]) -> int:
    """Do, in this process, the jobs that these lines call for; give how many lines called for one."""
    filled = 0
    with jobs.here():
        _try(ALWAYS)
        for line in BalanceTransaction.objects.filter(stripe_id__in=line_ids).order_by("created_at"):
            filled += _fill(line)
    return filled


def _fill(line: BalanceTransaction) -> bool:
    if line.type in PAYMENTS and line.origin_id:
        return _try_payment(line.origin_id)
    if line.type in JOBS:
        name, argument, column = JOBS[line.type]
        thing = getattr(line, column)
        return bool(thing) and _try(name, **{argument: thing})
    return line.type in WHOLE_JOBS and _try(WHOLE_JOBS[line.type])


def _try_payment(intent_id: str) -> bool:
    with jobs.fenced("reconcile.gap intent=%s", intent_id):
        payments.follow(intent_id=intent_id)
        return True
    return False


def _try(name: str, **named: str) -> bool:
    # One gap that cannot be filled must not keep the others, nor the judgement, from being made.
    with jobs.fenced("reconcile.gap job=%s %s", name, named):
        jobs.run(name, **named)
        return True
    return False
