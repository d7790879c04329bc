"""Disputes: the job that freezes, done again when it dies, the one that takes back, ended by the sweeper, and the one
that freezes what a run let go of, done again with the next tick.
"""

from typing import Final

from billing.models import Dispute, TopUp
from billing.operations import disputes, executions, freed, payments
from billing.operations import topups as topup_operations
from tests.support import runs
from tests.support.checkout import TEN_DOLLARS, pay
from tests.support.crash_points import Life
from tests.support.disputing import ask_bank, decide
from tests.support.people import open_customer
from tests.support.stories import Stage, Story, do

SWEEPER: Final = ("billing.sweep_disputes",)


def _bought(stage: Stage, name: str) -> TopUp:
    """Give a paid top-up of which a part is spent."""
    asked = topup_operations.request(
        customer=open_customer(name), principal="page", key=name, order=TEN_DOLLARS, now=stage.now
    )
    pay(stage.stripe, asked.top_up.stripe_session_id)
    payments.fulfil(session_id=asked.top_up.stripe_session_id, now=stage.now)
    agent = stage.once("disputed agent", lambda: runs.make_agent("disputed"))
    runs.charge(agent, asked.top_up.customer, name, now=stage.now)
    return TopUp.objects.get(pk=asked.top_up.pk)


def _disputed(stage: Stage, name: str) -> str:
    return ask_bank(stage.stripe, _bought(stage, name).charge_id)


def _lost(stage: Stage, name: str) -> str:
    dispute_id = _disputed(stage, name)
    disputes.follow(dispute_id=dispute_id, now=stage.now)
    decide(stage.stripe, dispute_id, "lost")
    return dispute_id


def _freed(stage: Stage, name: str) -> str:
    """Let go of what a run held when the dispute opened."""
    top_up = _bought(stage, name)
    agent = stage.once("disputed agent", lambda: runs.make_agent("disputed"))
    held = runs.reserve(agent, top_up.customer, key=name, now=stage.now)
    dispute_id = ask_bank(stage.stripe, top_up.charge_id)
    disputes.follow(dispute_id=dispute_id, now=stage.now)
    executions.release(execution=str(held.execution), reason="a test", now=stage.now)
    return dispute_id


def _freezes(stage: Stage, dispute_id: str) -> None:
    freed.sweep(now=stage.now)


def _is_frozen_and_won(stage: Stage, dispute_id: str, life: Life) -> None:
    do(("billing.freeze_freed",))
    dispute = Dispute.objects.get(stripe_id=dispute_id)
    # Only what was spent is still at stake: nothing is free of what was let go.
    assert dispute.at_stake == runs.credits(50)
    _is_done_again_and_won(stage, dispute_id, life)


def _follows(stage: Stage, dispute_id: str) -> None:
    disputes.follow(dispute_id=dispute_id, now=stage.now)


def _is_swept(stage: Stage, dispute_id: str, life: Life) -> None:
    stage.time.passes(minutes=1)
    do(SWEEPER)
    stage.sweep()


def _is_done_again_and_won(stage: Stage, dispute_id: str, life: Life) -> None:
    """Let another worker have the job that nobody acknowledged; then nothing is left under way for later stories."""
    _follows(stage, dispute_id)
    _is_swept(stage, dispute_id, life)
    decide(stage.stripe, dispute_id, "won")
    _is_swept(stage, dispute_id, life)


TALES: Final = {
    "a dispute opens": Story(_disputed, _follows, _is_done_again_and_won),
    "a dispute is lost": Story(_lost, _follows, _is_swept),
    "a run lets go of disputed credits": Story(_freed, _freezes, _is_frozen_and_won),
}
