"""Payouts, killed at every boundary: each ends as it does in peace, here and at Stripe, and the books balance."""

import os
from typing import Final

import pytest

from tests.support.stories import Stage
from tests.support.tales.payouts import TALES

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.django_db(transaction=True),
]

IN_THE_SUITE: Final = (
    "an account is connected",
    "the week is run",
    "a payout is approved",
    "a payout is sent",
)


def test_a_killed_process_leaves_nothing_lost_doubled_or_stuck(stripe_stage: Stage) -> None:
    tales = {tale: TALES[tale] for tale in IN_THE_SUITE}
    assert set(stripe_stage.survives_kills(tales)) == set(tales)


@pytest.mark.skipif("FAULT_MINUTES" not in os.environ, reason="ten minutes more: played by make faults")
def test_nor_does_it_in_the_longer_stories(stripe_stage: Stage) -> None:
    tales = {tale: story for tale, story in TALES.items() if tale not in IN_THE_SUITE}
    assert set(stripe_stage.survives_kills(tales)) == set(tales)
