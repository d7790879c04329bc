"""Pass on what was paid of write-offs after all: who bore them has it back, each credit once (ledger.md rule 15).

The ledger takes it from what the customer buys next, for the platform's loss; from there it goes on, in reverse order.
"""

import datetime as dt
from typing import Final

from django.db import transaction

from billing.models import CreatorPull
from config.kit import jobs
from payouts.models import WriteOffRecovery
from payouts.operations import pulls
from payouts.queries import recoveries
from payouts.queries.recoveries import Plan
from wallets import chart, ledger
from wallets.ledger import Leg, Source
from wallets.models import DebtRecovery, WalletDebt

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
        back = pulls.back(pieces=plan.pieces, cause=Source(CAUSE, str(recovery.pk)), now=now)
        _keep(plan, _book(plan, back, now), back, now)
    return True


def _book(plan: Plan, back: list[CreatorPull], now: dt.datetime) -> int | None:
    own = plan.of("own")
    if not plan.returned + own:
        return None
    return ledger.post(
        kind="recovery_passed_on",
        source=Source("debt_recovery", str(plan.recovery.pk)),
        actor=ACTOR,
        legs=[
            Leg(chart.LOSS, -plan.returned - own),
            Leg(chart.PLATFORM_SHARE, own),
            *pulls.legs_back(rows=back, now=now),
        ],
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
        pulls.keep_back(rows=back, transaction_id=posted, now=now)
