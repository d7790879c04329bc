"""How much, and from which seed: a suite's worth, or what `make prove` asks for."""

import os
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def patient(settings: Any) -> None:
    """Let a customer try as many codes as it likes: the fuzz asks what is answered, not how often."""
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"voucher": 1_000_000}


@pytest.fixture
def volume() -> Callable[[int], int]:
    """Give how many cases to send, when a suite's worth is that many."""
    return lambda suite: int(os.environ.get("FUZZ_COUNT", str(suite)))


@pytest.fixture
def number() -> int:
    """Give the seed."""
    return int(os.environ.get("FUZZ_SEED", "20260302"))
