"""Twenty thousand operations by eight writers at once against PostgreSQL, every answer foretold."""

from typing import Final

import pytest

from tests.provers import ledger

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(900)]

OPERATIONS: Final = 20_000
SEED: Final = 3


def test_every_answer_is_foretold_while_eight_write(books: None) -> None:
    told = ledger.prove(count=OPERATIONS, seed=SEED)

    assert "books clean" in told
