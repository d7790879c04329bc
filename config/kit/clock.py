"""The server's clock. Edges call now(); everything below them takes `now` as an argument.

Development and tests may move it: an offset lives in the one row of `clock_offset`, so that web, worker and
beat agree. Production never reads that row.
"""

import datetime as dt
import time
from typing import Final

from django.conf import settings
from django.db import connection

OFFSET_CACHE_SECONDS: Final = 0.5

_cached: tuple[float, dt.timedelta] = (float("-inf"), dt.timedelta(0))


def now() -> dt.datetime:
    """Read the time, in UTC."""
    real = dt.datetime.now(dt.UTC)
    return real + _offset() if settings.CLOCK_MOVABLE else real


def advance(*, by: dt.timedelta) -> None:
    """Move the clock of a development or test system; refused elsewhere."""
    if not settings.CLOCK_MOVABLE:
        raise RuntimeError("The clock moves in development and tests only.")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE clock_offset SET seconds = seconds + %s", [by.total_seconds()])
    forget()


def forget() -> None:
    """Drop the cached offset, so that the next now() reads the row."""
    global _cached  # noqa: PLW0603  (one value per process, rebuilt at will)
    _cached = (float("-inf"), dt.timedelta(0))


def _offset() -> dt.timedelta:
    global _cached  # noqa: PLW0603
    read_at, offset = _cached
    if time.monotonic() - read_at > OFFSET_CACHE_SECONDS:
        with connection.cursor() as cursor:
            cursor.execute("SELECT seconds FROM clock_offset")
            row = cursor.fetchone()
        offset = dt.timedelta(seconds=float(row[0])) if row else dt.timedelta(0)
        _cached = (time.monotonic(), offset)
    return offset
