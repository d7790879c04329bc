"""Many at once: real threads, each with its own connection, released together."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


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
