"""Keep the sums that pages read: ended runs by UTC day. `billing/sql/rollups.sql` says why none is lost or doubled."""

from typing import Final

from django.db import connection

BATCH: Final = 10_000
BATCHES_PER_TICK: Final = 20


def roll_up() -> int:
    """Add the runs that are waiting, batch by batch; return how many. A backlog takes several calls."""
    total = 0
    for _ in range(BATCHES_PER_TICK):
        rolled = _batch()
        total += rolled
        if rolled < BATCH:
            break
    return total


def rebuild() -> int:
    """Make the sums anew from every run; return how many. Pages stay exact meanwhile, only slower.

    Where another roller is at work, the rest is left to it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_unroll()")
        (waiting,) = cursor.fetchone()
    while _batch() == BATCH:
        pass
    return int(waiting)


def _batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_roll_up(%s)", [BATCH])
        (rolled,) = cursor.fetchone()
    return int(rolled or 0)
