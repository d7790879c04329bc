"""Every invariant of undone runs holds over one that was, and finds its damage and only that."""

from typing import Final

import pytest

from billing.models import Execution
from billing.undo_books import INVARIANTS
from payouts.operations import undoing
from tests.support import damage
from tests.support import runs as agent_runs
from tests.support.checkout import NOW
from tests.support.staff import staff

pytestmark = pytest.mark.django_db(transaction=True)

DAMAGE: Final = {
    "undone runs came back whole": "UPDATE billing_execution SET undone_at = NULL",
    "undone charges are back where they came from": "UPDATE wallets_grantdrawdown SET amount = amount + 1"
    " WHERE amount < 0",
    "undone earnings are given back": "UPDATE billing_creatorpull SET from_pending = from_pending - 1",
}


def test_they_hold_and_each_damage_is_found_by_its_invariant_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    agent_runs.charge(agent_runs.make_agent(), agent_runs.make_customer(credits=100), "e1", now=NOW)
    undoing.undo(run=Execution.objects.get(), by=staff(), reason="It had failed", now=NOW)

    damage.assert_each_is_found(monkeypatch, tables="billing_", invariants=INVARIANTS, damage=DAMAGE, now=NOW)
