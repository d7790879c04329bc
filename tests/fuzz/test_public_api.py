"""The calls of consumers and creators, as the committed schema describes them, and as it does not."""

import random
from collections.abc import Callable

import pytest

from tests.fuzz import api
from tests.fuzz.world import populate

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("books", "no_deadlocks", "stripe_standin"),
    pytest.mark.slow,
    pytest.mark.timeout(0),
]

PREFIX = "/v1"


def test_every_answer_is_one_that_the_schema_promises(volume: Callable[[int], int], number: int) -> None:
    count = volume(3_000)

    tally = api.speak(prefix=PREFIX, count=count, number=number, world=populate(random.Random(number)))

    api.expect_promised(tally, prefix=PREFIX, count=count)
