"""Purchases, killed at every boundary: each ends as it does in peace, here and at Stripe, and the books balance."""

import os

import pytest

from tests.support.stories import Stage
from tests.support.tales.purchases import TALES

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    # In one process with the whole suite a story's first child missed rows its parent had committed; never alone.
    pytest.mark.skipif("FAULT_MINUTES" not in os.environ, reason="played by make faults"),
    pytest.mark.timeout(1500),
    pytest.mark.django_db(transaction=True),
]


def test_a_killed_process_leaves_nothing_lost_doubled_or_stuck(stripe_stage: Stage) -> None:
    assert set(stripe_stage.survives_kills(TALES)) == set(TALES)
