"""W3: a charge of 100 at 80/20 is 80 and 20."""

import pytest

from tests.support import runs
from tests.support.runs import credits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def test_a_charge_of_100() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    settled = runs.settle(runs.reserve(agent, bob), requests=2)
    assert (settled.charged, settled.creator, settled.platform) == (credits(100), credits(80), credits(20))
