"""A million operations on the pure core: the model's own identities, and the product's calculators beside it."""

from typing import Final

import pytest

from tests.provers import core

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OPERATIONS: Final = 1_000_000
SEED: Final = 5


def test_the_core_keeps_its_identities_and_agrees_with_the_calculators() -> None:
    told = core.prove(count=OPERATIONS, seed=SEED)

    assert "no difference" in told
