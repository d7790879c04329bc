"""Ten thousand bodies at the webhook door."""

import random
from collections.abc import Callable

import pytest

from tests.fuzz import door

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("books", "stripe_standin"),
    pytest.mark.slow,
    pytest.mark.timeout(0),
]


def test_nothing_unproven_leaves_a_row_and_nothing_proven_is_lost(
    volume: Callable[[int], int], number: int
) -> None:
    writer, webhook = door.correspondence(chance=random.Random(number))
    count = volume(10_000)

    tally = door.knock(count=count, writer=writer, door=webhook)

    door.expect_kept(tally, writer=writer, count=count)
