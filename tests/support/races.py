"""Many at once: real threads, each with its own connection, released together."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

from django.db import connection, connections
from django.db.models import Model

T = TypeVar("T")

LEAVE_SECONDS: Final = 20.0

OTHERS: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
WAITING: Final = """
    SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
"""
DEADLOCKS: Final = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def race(callers: int, call: Callable[[int], T]) -> list[T | Exception]:
    """Run `call(number)` in that many threads at the same instant; return each answer or exception, in order.

    For tests with `django_db(transaction=True)`: the threads' connections see committed rows only.
    """
    start = threading.Barrier(callers)

    def one(number: int) -> T | Exception:
        try:
            connections["default"].ensure_connection()
            start.wait(timeout=60)
            return call(number)
        except Exception as error:  # noqa: BLE001  (the test judges every outcome)
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=callers) as pool:
        return list(pool.map(one, range(callers)))


def rush(calls: int, callers: int, call: Callable[[int], T]) -> list[T | Exception]:
    """Run `call(number)` that many times from fewer threads, for more calls than a server has connections.

    A thread takes the next number as soon as it is free: neighbouring numbers run at the same time.
    """
    numbers = iter(range(calls))
    taking = threading.Lock()

    def mine() -> Iterator[int]:
        while True:
            with taking:
                number = next(numbers, None)
            if number is None:
                return
            yield number

    def some(_: int) -> list[tuple[int, T | Exception]]:
        return [(number, _outcome(call, number)) for number in mine()]

    answers = race(callers, some)
    taken = [pair for each in answers for pair in _raised(each)]
    return [answer for _, answer in sorted(taken, key=lambda pair: pair[0])]


@contextmanager
def stuck(row: Model) -> Iterator[None]:
    """Sit on a row from another connection: whoever of this one wants it soon gives up and raises."""
    other = connection.copy()
    table = row._meta.db_table
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor, connection.cursor() as ours:
            cursor.execute(f"SELECT FROM {table} WHERE id = %s FOR UPDATE", [row.pk])
            ours.execute("SET lock_timeout = '100ms'")
            yield
            ours.execute("RESET lock_timeout")
    finally:
        other.close()


def waiting() -> int:
    """Count who waits at this moment for a lock of this connection's."""
    return _one(WAITING)


def deadlocks() -> int:
    """Count this database's deadlocks, once the connections of every race have told of theirs."""
    give_up_at = time.monotonic() + LEAVE_SECONDS
    while _one(OTHERS):
        assert time.monotonic() < give_up_at, "A race left a connection behind."
        time.sleep(0.02)
    return _one(DEADLOCKS)


def _outcome(call: Callable[[int], T], number: int) -> T | Exception:
    try:
        return call(number)
    except Exception as error:  # noqa: BLE001  (the test judges every outcome)
        return error


def _raised(answers: T | Exception) -> T:
    if isinstance(answers, Exception):
        raise answers
    return answers


def _one(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])
