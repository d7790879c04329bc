"""Purchases, killed at every boundary: each ends as it does in peace, here and at Stripe, and the books balance."""

import os
from typing import Final

import pytest

from tests.support.stories import Stage
from tests.support.tales.purchases import TALES

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.django_db(transaction=True),
]

IN_THE_SUITE: Final = (
    "a top-up is asked for",
    "a subscription starts",
    "purchases are swept",
    "fees are swept",
)


def test_a_killed_process_leaves_nothing_lost_doubled_or_stuck(stripe_stage: Stage) -> None:
    tales = {tale: TALES[tale] for tale in IN_THE_SUITE}
    assert set(stripe_stage.survives_kills(tales)) == set(tales)


@pytest.mark.skipif("FAULT_MINUTES" not in os.environ, reason="played by make faults")
def test_nor_does_it_in_the_longer_stories(stripe_stage: Stage) -> None:
    tales = {tale: story for tale, story in TALES.items() if tale not in IN_THE_SUITE}
    assert set(stripe_stage.survives_kills(tales)) == set(tales)
