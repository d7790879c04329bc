"""Runs and adjustments, killed at every boundary: each ends as it does in peace, and the books balance."""

import pytest

from tests.support.stories import Stage
from tests.support.tales import adjusting, runs, undoing
from wallets import seals

TALES = runs.TALES | adjusting.TALES | undoing.TALES

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.django_db(transaction=True),
]


def test_a_killed_process_leaves_nothing_lost_doubled_or_stuck(stage: Stage) -> None:
    kills = stage.survives_kills(TALES)
    assert set(kills) == set(TALES)
    assert seals.verify() is None
