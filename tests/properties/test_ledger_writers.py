"""Twenty thousand operations by eight writers at once against PostgreSQL, every answer foretold."""

import pytest

from tests.provers import ledger

pytestmark = pytest.mark.django_db(transaction=True)

OPERATIONS = 20_000
SEED = 3


def test_every_answer_is_foretold_while_eight_write(books: None) -> None:
    told = ledger.prove(count=OPERATIONS, seed=SEED)

    assert "books clean" in told
