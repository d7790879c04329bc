"""Take back what creators earned at once of a plan whose payment was given back, or give it back to them.

A refund or a lost dispute claws the plan's credits; what lay above their face was earned when the plan was paid, and
goes by the same dollars (ledger.md rules 15, 17, 18): each claw once, in the order in which they were made.
"""

import datetime as dt
from typing import Final

from django.db import transaction

from billing.queries import plan_fees
from config.kit import jobs
from payouts.models import ClawedFee
from payouts.operations import pulls
from payouts.queries import clawed_fees
from wallets import chart, ledger
from wallets.ledger import Leg, Source
from wallets.models import Claw

ACTOR: Final = "job:claw_fees"
TAKEN: Final = "plan_fee_clawed"
GIVEN_BACK: Final = "plan_fee_returned"


def follow_due(*, now: dt.datetime) -> int:
    """Let the fees of plans follow what was given back of their payments; give how many claws that were."""
    followed = 0
    for purchase in clawed_fees.waiting():
        with jobs.fenced("fee.not_clawed purchase=%s", purchase), transaction.atomic():
            followed += _follow(purchase, now)
    return followed


def _follow(purchase: str, now: dt.datetime) -> int:
    # One after the other: of two at once the second finds the first one's rows.
    fees = list(plan_fees.of_payment(intent_id=purchase).select_for_update(no_key=True))
    if any(fee.posting_id is None for fee in fees):
        # What waits in clearing has earned nobody anything yet; the next tick finds it posted.
        return 0
    creators = {earning.creator_id for fee in fees for earning in fee.earnings.all()}
    pulls.lock(creator_ids=creators, wallet_ids=[], now=now)
    claws = clawed_fees.claws(purchase=purchase)
    for claw in claws:
        if claw.undoes is None:
            _take(claw, now)
        else:
            _give_back(claw, claw.undoes, now)
    return len(claws)


def _take(claw: Claw, now: dt.datetime) -> None:
    plan = clawed_fees.plan(purchase=claw.purchase, usd=clawed_fees.given_back(claw=claw))
    legs = [*_platform(plan.amount, plan.own, plan.lost), *pulls.legs(parts=plan.pulls, now=now)]
    posted = _post(claw, TAKEN, legs, now) if plan.amount else None
    row = ClawedFee(claw=claw, amount=plan.amount, pulled=plan.pulled, own=plan.own, lost=plan.lost)
    _keep(row, posted, now)
    if posted is not None:
        pulls.keep(parts=plan.pulls, cause=clawed_fees.cause(claw=claw), transaction_id=posted, now=now)


def _give_back(claw: Claw, undone: Claw, now: dt.datetime) -> None:
    """Put back what was taken for the claw that this one undoes, to the micro."""
    made = ClawedFee.objects.get(claw=undone)
    pieces, cause = clawed_fees.way_back(claw=undone), clawed_fees.cause(claw=claw)
    rows = pulls.back(pieces=pieces, cause=cause, now=now)
    legs = [*_platform(-made.amount, -made.own, -made.lost), *pulls.legs_back(rows=rows, now=now)]
    posted = _post(claw, GIVEN_BACK, legs, now) if made.amount else None
    row = ClawedFee(claw=claw, amount=-made.amount, pulled=-made.pulled, own=-made.own, lost=-made.lost)
    _keep(row, posted, now)
    if posted is not None:
        pulls.keep_back(rows=rows, transaction_id=posted, now=now)


def _platform(amount: int, own: int, lost: int) -> list[Leg]:
    return [
        Leg(chart.ISSUED["plan"], amount),
        Leg(chart.PLATFORM_SHARE, -own),
        Leg(chart.LOSS, -lost),
    ]


def _post(claw: Claw, kind: str, legs: list[Leg], now: dt.datetime) -> int:
    return ledger.post(
        kind=kind,
        source=Source("claw", str(claw.pk)),
        actor=ACTOR,
        legs=legs,
        # The whole of the payment left revenue when it was clawed: what creators give back of it comes in again.
        plug=chart.REVENUE,
        now=now,
        description=f"The fee of {claw.purchase} above the face of its credits",
    ).transaction_id


def _keep(row: ClawedFee, posted: int | None, now: dt.datetime) -> None:
    row.transaction_id, row.created_at = posted, now
    row.save()
