"""A run that is undone by staff, who click again when no answer came."""

from typing import Final

from billing.models import Execution
from payouts.operations import undoing
from payouts.operations.undoing import NotUndoableError
from tests.support import runs
from tests.support.crash_points import Life
from tests.support.staff import staff
from tests.support.stories import Stage, Story


def _charged(stage: Stage, name: str) -> Execution:
    """Charge a run that waits in clearing: its posting comes first."""
    stage.once("staff", staff)
    agent = stage.once("undone agent", lambda: runs.make_agent("undone"))
    runs.charge(agent, runs.make_customer(name, credits=100), name, now=stage.now)
    return Execution.objects.latest("id")


def _undoes(stage: Stage, run: Execution) -> None:
    undoing.undo(run=run, by=staff(), reason="It had failed", now=stage.now)


def _clicks_again(stage: Stage, run: Execution, life: Life) -> None:
    run.refresh_from_db()
    if life.killed:
        try:
            _undoes(stage, run)
        except NotUndoableError:
            assert run.undone_at is not None  # only the answer was lost
    stage.sweep()


TALES: Final = {"a run is undone": Story(_charged, _undoes, _clicks_again)}
