"""How much, and from which seed: a suite's worth, or what `make prove` asks for."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.fuzz import world


@pytest.fixture(autouse=True)
def patient() -> Iterator[None]:
    """Let a customer try as many codes as it likes."""
    with world.patient():
        yield


@pytest.fixture
def volume() -> Callable[[int], int]:
    """Give how many cases to send, when a suite's worth is that many."""
    return lambda suite: int(os.environ.get("FUZZ_COUNT", str(suite)))


@pytest.fixture
def number() -> int:
    """Give the seed."""
    return int(os.environ.get("FUZZ_SEED", "20260302"))
