"""Write arrears off: nobody waits for the customer any more; who earned from what was spent bears it, each once."""

import datetime as dt
from typing import Final

from django.db import transaction

from accounts import audit
from config.kit import ids, jobs, reasons
from config.kit.errors import ConflictError, InvalidInputError
from payouts.models import WriteOff, WriteOffPart
from payouts.operations import pulls
from payouts.queries import write_offs
from payouts.queries.write_offs import Plan
from wallets import chart, debts, ledger
from wallets.ledger import Leg, Source
from wallets.models import WalletDebt

ACTOR: Final = "job:write_off_arrears"
CAUSE: Final = "write_off"
BATCH: Final = 50


class NothingOwedError(ConflictError):
    """The arrears were paid, or written off before."""

    code = "nothing_owed"
    title = "Nothing is owed any more"


def write_off(*, debt: WalletDebt, actor: str, reason: str, now: dt.datetime) -> WriteOff:
    """Write off what is left of arrears. Raises NothingOwedError, and InvalidInputError without a reason."""
    reasons.check(reason=reason)
    if debt.kind != WalletDebt.Kind.ARREARS:
        raise InvalidInputError("Only arrears are written off; overage is on an invoice.")
    with transaction.atomic():
        plan = _locked_plan(debt.pk, now)
        if plan.amount == 0:
            raise NothingOwedError
        made = _book(plan, actor, reason, now)
        audit.acted(actor=actor, act=CAUSE, object_id=made.public_id, reason=reason, now=now)
        return made


def write_off_due(*, now: dt.datetime) -> int:
    """Write off what has waited for too long; give how many."""
    written = 0
    # A debt that cannot be written off stays the oldest: it takes nobody's place in the batch.
    for debt in write_offs.due(now=now):
        with jobs.fenced("arrears.not_written_off debt=%s", debt.pk):
            write_off(debt=debt, actor=ACTOR, reason="Not paid in time.", now=now)
            written += 1
        if written == BATCH:
            break
    return written


def _locked_plan(debt_id: int, now: dt.datetime) -> Plan:
    """Plan under the locks of all wallets that it touches, taken in the order in which the ledger takes them."""
    debt = WalletDebt.objects.get(pk=debt_id)
    creators = write_offs.creators_of(plan=write_offs.plan(debt=debt))
    pulls.lock(creator_ids=creators, wallet_ids=[debt.wallet_id], now=now)
    debt.refresh_from_db()
    return write_offs.plan(debt=debt)


def _book(plan: Plan, actor: str, reason: str, now: dt.datetime) -> WriteOff:
    public_id = ids.new(ids.WRITE_OFF)
    carried = debts.write_off(debt_id=plan.debt.pk, amount=plan.amount)
    posted = ledger.post(
        kind=CAUSE,
        source=Source(CAUSE, public_id),
        actor=actor,
        legs=[
            Leg(plan.debt.wallet_id, plan.amount),
            Leg(chart.PLATFORM_SHARE, -plan.own),
            Leg(chart.LOSS, -plan.lost),
            Leg(chart.RECEIVABLE, carried),
            *pulls.legs(parts=plan.pulls, now=now),
        ],
        plug=chart.USD_LOSS,
        now=now,
        description=reason,
    )
    made = WriteOff.objects.create(
        public_id=public_id,
        customer_id=plan.debt.wallet.owner_id,
        debt=plan.debt,
        amount=plan.amount,
        carried=carried,
        pulled=plan.pulled,
        own=plan.own,
        lost=plan.lost,
        actor=actor,
        reason=reason,
        transaction_id=posted.transaction_id,
        created_at=now,
    )
    _keep_parts(made, plan)
    pulls.keep(
        parts=plan.pulls,
        cause=Source(CAUSE, made.public_id),
        transaction_id=made.transaction_id,
        now=made.created_at,
    )
    return made


def _keep_parts(made: WriteOff, plan: Plan) -> None:
    WriteOffPart.objects.bulk_create(
        WriteOffPart(
            write_off=made,
            claw_id=each.claw_id,
            drawdown_id=each.burn.drawdown_id,
            execution_id=each.burn.execution_id,
            funding_class=each.burn.funding_class,
            amount=each.amount,
            pulled=sum(each.earned.values()),
        )
        for each in plan.borne
    )
