"""Runs and adjustments, killed at every boundary: each ends as it does in peace, and the books balance."""

import os

import pytest

from tests.support.stories import Stage
from tests.support.tales.runs import TALES
from wallets import seals

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    # In one process with the whole suite a story's first child missed rows its parent had committed; never alone.
    pytest.mark.skipif("FAULT_MINUTES" not in os.environ, reason="played by make faults"),
    pytest.mark.timeout(1500),
    pytest.mark.django_db(transaction=True),
]


def test_a_killed_process_leaves_nothing_lost_doubled_or_stuck(stage: Stage) -> None:
    kills = stage.survives_kills(TALES)
    assert set(kills) == set(TALES)
    assert seals.verify() is None
