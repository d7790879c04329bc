"""Refunds, killed at every boundary: each ends as it does in peace, here and at Stripe, and the books balance."""

import pytest

from tests.support.stories import Stage
from tests.support.tales.refunds import TALES

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.django_db(transaction=True),
]


def test_a_killed_process_leaves_nothing_lost_doubled_or_stuck(stripe_stage: Stage) -> None:
    assert set(stripe_stage.survives_kills(TALES)) == set(TALES)
