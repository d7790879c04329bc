"""The proof that ends each test: it finds what the books find, with a statement that a session plans once."""

import datetime as dt

import pytest

from tests.support import proof
from wallets import books
from wallets.books import Invariant, Violation

EARLY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LATE = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


@pytest.mark.django_db(transaction=True)
def test_it_shows_the_rows_that_break_an_invariant(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Invariant(
        "it is early", "the test", "SELECT 7 AS seven WHERE %(now)s > '2026-06-01' AND '%%' = '%%'"
    )
    monkeypatch.setitem(books._registry, late.name, late)

    for _ in range(2):
        assert proof.violations(now=EARLY) == []
        assert proof.violations(now=LATE) == [Violation("it is early", "the test", [{"seven": 7}])]
