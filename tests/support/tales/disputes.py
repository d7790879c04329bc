"""Disputes: the job that freezes, done again when it dies, and the one that takes back, ended by the sweeper."""

from typing import Final

from billing.models import TopUp
from billing.operations import disputes, payments
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
}
