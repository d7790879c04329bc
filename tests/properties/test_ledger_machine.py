"""A thousand commands drawn by Hypothesis, every answer and every row foretold."""

from typing import Final

import pytest

from tests.provers import machine

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(900)]

COMMANDS: Final = 1_000
SEED: Final = 4


def test_every_answer_and_every_row_is_foretold(books: None) -> None:
    told = machine.prove(count=COMMANDS, seed=SEED)

    assert "foretold" in told
