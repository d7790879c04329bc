"""Invoices, killed at every boundary: each is paid once in the end, here and at Stripe, and the books balance."""

import pytest

from tests.support.stories import Stage
from tests.support.tales.invoices import TALES

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.django_db(transaction=True),
]


def test_a_killed_process_leaves_nothing_lost_doubled_or_stuck(stripe_stage: Stage) -> None:
    # A checkout is opened by what opens those of top-ups, whose tale is killed too.
    tales = {name: tale for name, tale in TALES.items() if name != "an invoice's checkout is opened"}
    assert set(stripe_stage.survives_kills(tales)) == set(tales)
