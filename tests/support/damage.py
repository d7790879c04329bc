"""Do to the books what every guard refuses, and see each damage found by its invariant and by no other."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

import psycopg
import pytest
from django.db import connection

from config.devservices import postgres
from tests import conftest
from wallets import books
from wallets.books import Invariant

NOTHING: Final[Mapping[str, set[str]]] = MappingProxyType({})


def assert_each_is_found(
    monkeypatch: pytest.MonkeyPatch,
    *,
    tables: str,
    invariants: Iterable[Invariant],
    damage: Mapping[str, str],
    now: dt.datetime,
    also: Mapping[str, set[str]] = NOTHING,
) -> None:
    """Prove that the books hold, and that each damage breaks the invariant of its name (and what `also` says).

    Every invariant of the module must have its damage.
    """
    own = {invariant.name for invariant in invariants}
    assert own == damage.keys()
    assert broken(own, now=now) == set()
    found = {}
    with _superuser(monkeypatch, tables=tables) as passing:
        for name, done in damage.items():
            with passing.transaction(force_rollback=True):
                passing.execute(done)
                found[name] = broken(own, now=now)
    assert found == {name: {name} | also.get(name, set()) for name in damage}


def broken(own: set[str], *, now: dt.datetime) -> set[str]:
    """Name which of some invariants are violated now."""
    return {violation.name for violation in books.violations(now=now, timely=True)} & own


@contextmanager
def _superuser(monkeypatch: pytest.MonkeyPatch, *, tables: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection that passes the guards of an app's tables; the proof reads through it, so that damage can be
    rolled back.
    """
    name = connection.settings_dict["NAME"]
    with conftest.databases.cluster.connect(name, postgres.SUPERUSER) as passing:
        passing.execute("SET session_replication_role = replica")
        rows = passing.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE conrelid::regclass::text"
            f" LIKE '{tables}%' AND contype IN ('c', 'u')"
        ).fetchall()
        for table, constraint in rows:
            passing.execute(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{constraint}" CASCADE')
        monkeypatch.setattr(books, "connection", passing)
        yield passing
