"""The proof of the books: named invariants, each a query whose rows are violations.

Apps above register theirs from their AppConfig.ready(); `manage.py check_books` and every money test run all.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from wallets.models import BooksCheck

SAMPLE_ROWS: Final = 20
# The proof reads whole tables once: sorting on disk and compiling a plan cost more than the reading.
FOR_WHOLE_TABLES: Final = "SET LOCAL work_mem = '64MB'; SET LOCAL jit = off"


@dataclass(frozen=True)
class Invariant:
    """One rule: its name, what it protects, and the query that finds what breaks it.

    A timely invariant also depends on the clock (`%(now)s`) and on sweepers that run once a minute.
    """

    name: str
    protects: str
    query: str
    timely: bool = False


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold, with the first rows that break it."""

    name: str
    protects: str
    rows: list[dict[str, Any]] = field(default_factory=list)


_registry: dict[str, Invariant] = {}


def register(invariants: Iterable[Invariant]) -> None:
    """Add invariants to the proof; a name stands for one invariant."""
    for invariant in invariants:
        if _registry.setdefault(invariant.name, invariant) != invariant:
            raise ValueError(f"two invariants are named {invariant.name}")


def invariants() -> list[Invariant]:
    """List every registered invariant in the order of registration."""
    return list(_registry.values())


def check(*, invariant: Invariant, now: dt.datetime) -> Violation | None:
    """Run one invariant; return what breaks it, or None when it holds."""
    with _proof() as cursor:
        return _violation(cursor, invariant, now)


def violations(*, now: dt.datetime, timely: bool = False) -> list[Violation]:
    """Run the whole proof, an empty list, in one transaction; `timely` includes what the sweepers must keep."""
    chosen = [invariant for invariant in invariants() if timely or not invariant.timely]
    with _proof() as cursor:
        found = [_violation(cursor, invariant, now) for invariant in chosen]
    return [violation for violation in found if violation]


@contextmanager
def _proof() -> Iterator[CursorWrapper]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FOR_WHOLE_TABLES)
        yield cursor


def _violation(cursor: CursorWrapper, invariant: Invariant, now: dt.datetime) -> Violation | None:
    cursor.execute(f"SELECT * FROM ({invariant.query}) broken LIMIT {SAMPLE_ROWS}", {"now": now})
    names = [column.name for column in cursor.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return Violation(invariant.name, invariant.protects, rows) if rows else None


def prove(*, now: dt.datetime) -> int:
    """Run the whole proof, keep each result for the admin, return how many invariants are violated."""
    broken = 0
    for invariant in invariants():
        violation = check(invariant=invariant, now=now)
        record(invariant=invariant, violation=violation, now=now)
        broken += violation is not None
    return broken


def record(*, invariant: Invariant, violation: Violation | None, now: dt.datetime) -> None:
    """Keep the result of one invariant for the admin's green and red page."""
    rows = violation.rows if violation else []
    BooksCheck.objects.update_or_create(
        name=invariant.name,
        defaults={
            "protects": invariant.protects,
            "violations": len(rows),
            "sample": [{name: str(value) for name, value in row.items()} for row in rows],
            "checked_at": now,
        },
    )
