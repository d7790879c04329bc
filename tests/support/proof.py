"""The books' proof for tests, which run it after each of two thousand: all invariants as one prepared statement.

Planning a hundred queries over hardly any rows is nearly all that they cost. A session plans them once.
"""

import datetime as dt
import weakref
from typing import Any, Final

from django.db import connection, transaction

from wallets import books
from wallets.books import Violation

# Planned once, and not for the few rows of one test.
PLANNED: Final = "SET LOCAL jit = off; SET LOCAL plan_cache_mode = force_generic_plan"
# The sessions that have the statement; a fresh clone's does not.
_prepared: Final[weakref.WeakSet[Any]] = weakref.WeakSet()


def violations(*, now: dt.datetime) -> list[Violation]:
    """List what does not hold, as `books.violations` does; that one tells the rows when there is something."""
    return books.violations(now=now) if broken(now=now) else []


def broken(*, now: dt.datetime) -> list[str]:
    """Name the invariants that do not hold."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PLANNED)
        if connection.connection not in _prepared:
            cursor.execute(_statement(), [])
            _prepared.add(connection.connection)
        cursor.execute("EXECUTE proof_of_the_books (%s)", [now])
        return [name for (name,) in cursor.fetchall()]


def _statement() -> str:
    parts = [
        f"SELECT {_quoted(one.name)}::text WHERE EXISTS (SELECT FROM ({one.query}) broken)"
        for one in books.invariants()
        if not one.timely
    ]
    query = " UNION ALL ".join(parts).replace("%(now)s", "$1").replace("%%", "%")
    return f"PREPARE proof_of_the_books (timestamptz) AS {query}".replace("%", "%%")


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
