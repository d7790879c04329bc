"""Pass on what was paid of write-offs after all: who bore them has it back, each credit once (ledger.md rule 15).

The ledger takes it from what the customer buys next, for the platform's loss; from there it goes on, in reverse order.
"""

import datetime as dt
from collections import defaultdict
from typing import Final

from django.db import transaction

from billing.models import CreatorPull
from config.kit import jobs
from payouts.models import WriteOffRecovery
from payouts.operations import pulls
from payouts.queries import recoveries, standing
from payouts.queries.recoveries import COLUMNS, Plan
from wallets import chart, ledger
from wallets.ledger import Leg, Source
from wallets.models import DebtRecovery, WalletDebt
from wallets.operations import open_wallet

ACTOR: Final = "job:recover_write_offs"
CAUSE: Final = "recovery"


def pass_on_due(*, now: dt.datetime) -> int:
    """Pass on all that came back and was not; give how many recoveries that were."""
    passed = 0
    for recovery in recoveries.waiting():
        with jobs.fenced("recovery.not_passed_on id=%s", recovery.pk):
            passed += _pass_on(recovery, now)
    return passed


def _pass_on(recovery: DebtRecovery, now: dt.datetime) -> bool:
    with transaction.atomic():
        # One after the other: of two at once the second finds the first one's row.
        WalletDebt.objects.select_for_update(no_key=True).get(pk=recovery.debt_id)
        if WriteOffRecovery.objects.filter(recovery=recovery).exists():
            return False
        plan = recoveries.plan(recovery=recovery)
        back = _back(plan, _locked(plan, now))
        _keep(plan, _book(plan, back, now), back, now)
    return True


def _locked(plan: Plan, now: dt.datetime) -> dict[int, int]:
    """Lock the creators' wallets in the ledger's order; give what each creator owes."""
    creators = {piece.pull.creator_id for piece in plan.pieces if piece.pull is not None}
    pulls.lock(creator_ids=creators, wallet_ids=[], now=now)
    return {creator_id: -standing.purse(creator_id=creator_id).debt for creator_id in creators}


def _back(plan: Plan, owed: dict[int, int]) -> list[CreatorPull]:
    """Write each pull with the other sign; what a creator has paid of its debt meanwhile goes to payable."""
    found: dict[int, CreatorPull] = {}
    for piece in plan.pieces:
        if piece.pull is None:
            continue
        row = found.setdefault(piece.pull.pk, _reversed(piece.pull, plan))
        still = min(piece.amount, owed[row.creator_id]) if piece.kind == chart.DEBT else piece.amount
        if piece.kind == chart.DEBT:
            owed[row.creator_id] -= still
        _take(row, COLUMNS[piece.kind], still)
        _take(row, COLUMNS[chart.PAYABLE], piece.amount - still)
    return list(found.values())


def _reversed(pull: CreatorPull, plan: Plan) -> CreatorPull:
    return CreatorPull(
        creator_id=pull.creator_id,
        cause_type=CAUSE,
        cause_id=str(plan.recovery.pk),
        agent_id=pull.agent_id,
        execution_id=pull.execution_id,
    )


def _take(row: CreatorPull, column: str, amount: int) -> None:
    setattr(row, column, getattr(row, column) - amount)


def _book(plan: Plan, back: list[CreatorPull], now: dt.datetime) -> int | None:
    own = plan.of("own")
    if not plan.returned + own:
        return None
    sums: dict[tuple[int, str], int] = defaultdict(int)
    for row in back:
        for kind in pulls.KINDS:
            sums[row.creator_id, kind] -= getattr(row, COLUMNS[kind])
    creators = [
        Leg(open_wallet(owner_type="creator", owner_id=creator_id, kind=kind, now=now).pk, amount)
        for (creator_id, kind), amount in sums.items()
        if amount
    ]
    return ledger.post(
        kind="recovery_passed_on",
        source=Source("debt_recovery", str(plan.recovery.pk)),
        actor=ACTOR,
        legs=[Leg(chart.LOSS, -plan.returned - own), Leg(chart.PLATFORM_SHARE, own), *creators],
        plug=chart.USD_LOSS,
        now=now,
        description=f"{plan.write_off.public_id} paid after all",
    ).transaction_id


def _keep(plan: Plan, posted: int | None, back: list[CreatorPull], now: dt.datetime) -> None:
    WriteOffRecovery.objects.create(
        write_off=plan.write_off,
        recovery=plan.recovery,
        amount=plan.recovery.amount,
        returned=plan.returned,
        own=plan.of("own"),
        loss=plan.of("loss"),
        transaction_id=posted,
        created_at=now,
    )
    if posted is not None:
        for row in back:
            row.transaction_id, row.created_at = posted, now
        CreatorPull.objects.bulk_create(back)
