"""Jobs of payouts. Each may run twice or late: the rows are the queue, beat finds what a lost job left."""

from typing import Any

from celery import shared_task

from config.kit import clock
from payouts.models import Ended
from payouts.operations import (
    approvals,
    bank,
    clawed_fees,
    onboarding,
    reconciliation,
    recoveries,
    reserves,
    reversals,
    runs,
    sending,
    statement_papers,
    withdrawals,
    write_offs,
)


@shared_task(name="payouts.run_weekly")
def run_weekly(**_: Any) -> None:
    """Prepare the runs that are due, weekly and monthly, missed ones too. Again: one live payout a creator and run."""
    now = clock.now()
    for run in runs.prepare_due(now=now):
        approvals.approve_small(run=run, now=now)


@shared_task(name="payouts.mature_on_demand")
def mature_on_demand(**_: Any) -> None:
    """Mature the days of those who are paid when they ask. Again: each day matures once."""
    runs.mature_on_demand(now=clock.now())


@shared_task(name="payouts.release_reserves")
def release_reserves(**_: Any) -> None:
    """Let go what is due of the reserves. Again: each hold is released once."""
    reserves.release_due(now=clock.now())


@shared_task(name="payouts.make_statement_document")
def make_statement_document(*, document_id: int, **_: Any) -> None:
    """Draw the PDF of a statement; one that was drawn stays."""
    statement_papers.make(document_id=document_id, now=clock.now())


@shared_task(name="payouts.send_approved")
def send_approved(**_: Any) -> None:
    """Send what is approved. Again: each payout leaves `approved` once."""
    sending.send_approved(now=clock.now())


@shared_task(name="payouts.resolve_unknown")
def resolve_unknown(**_: Any) -> None:
    """Look up transfers and withdrawals of unknown outcome. Again: the same key, each outcome is booked once."""
    now = clock.now()
    sending.unresolved(now=now)
    withdrawals.resolve_unknown(now=now)


@shared_task(name="payouts.sync_account")
def sync_account(*, stripe_account_id: str, **_: Any) -> None:
    """Copy an account's state. Again: it is read afresh."""
    onboarding.sync(stripe_account_id=stripe_account_id, now=clock.now())


@shared_task(name="payouts.end_account")
def end_account(*, stripe_account_id: str, **_: Any) -> None:
    """Pay a disconnected account no more. Again: it has ended once."""
    onboarding.end(stripe_account_id=stripe_account_id, why=Ended.DEAUTHORISED, now=clock.now())


@shared_task(name="payouts.resync_accounts")
def resync_accounts(**_: Any) -> None:
    """Ask for what no webhook told of, and have drawn what a lost job left. Again: it is read afresh."""
    now = clock.now()
    # First: it needs no Stripe, whose silence may take the tick's whole time.
    statement_papers.sweep(now=now)
    onboarding.resync_stale(now=now)
    bank.sync_recent(now=now)
    reversals.sync_recent(now=now)


@shared_task(name="payouts.sync_bank_payout")
def sync_bank_payout(*, stripe_account_id: str, bank_payout_id: str, **_: Any) -> None:
    """Carry over a bank payout's state. Again: it is read afresh."""
    bank.sync(stripe_account_id=stripe_account_id, bank_payout_id=bank_payout_id, now=clock.now())


@shared_task(name="payouts.sync_transfer")
def sync_transfer(*, stripe_transfer_id: str, **_: Any) -> None:
    """Book a transfer's reversals. Again: each reversal is one transaction."""
    reversals.sync(stripe_transfer_id=stripe_transfer_id, now=clock.now())


@shared_task(name="payouts.reconcile")
def reconcile(**_: Any) -> None:
    """Compare Stripe's lines with the ledger, once a night. Again: what is written down is written once."""
    reconciliation.reconcile_due(now=clock.now())


@shared_task(name="payouts.write_off_arrears")
def write_off_arrears(**_: Any) -> None:
    """Write off arrears that have waited too long. Again: what is written off is owed no more."""
    write_offs.write_off_due(now=clock.now())


@shared_task(name="payouts.recover_write_offs")
def recover_write_offs(**_: Any) -> None:
    """Pass on what was paid of write-offs. Again: each recovery is passed on once."""
    recoveries.pass_on_due(now=clock.now())


@shared_task(name="payouts.claw_fees")
def claw_fees(**_: Any) -> None:
    """Let fees of plans follow what was given back of their payments. Again: each claw is followed once."""
    clawed_fees.follow_due(now=clock.now())
