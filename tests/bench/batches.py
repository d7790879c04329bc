"""Runs logged in batches by one worker, beside the floor: by 16 clients, and a thousand in one statement."""

import time
from collections.abc import Callable
from itertools import count
from typing import Final

from psycopg import Connection

from tests.bench import functions
from tests.bench.pgbench import Pgbench
from tests.bench.rounds import Measure, Sample

Session = Connection[tuple[object, ...]]
SIZES: Final = (1, 10, 100, 1_000)
# How many runs a round logs, by the size of its calls.
RUNS: Final = {1: 100, 10: 200, 100: 1_000, 1_000: 2_000}
BASE: Final = "floor, 16 clients"
ITEMS: Final = """
SELECT jsonb_agg(bench.item(CASE WHEN {reserved} THEN bench.ready_name(nextval('bench.settled'))
    ELSE 'exe_' || md5('log' || %s::bigint + n) END, {reserved}, 1 + (%s::bigint + n) %% 10000))::text
FROM generate_series(1, %s) n
"""
FLOOR: Final = """
WITH taken AS (
    UPDATE bench.balance SET balance = balance - 1 WHERE id IN (SELECT generate_series(1, 1000)) RETURNING id)
INSERT INTO bench.entry (wallet_id, amount) SELECT id, -1 FROM taken
"""
CALL: Final = "SELECT bench.settle(%s::jsonb)"


def measures(session: Session, pgbench: Pgbench) -> list[Measure]:
    """List reserved runs settled, and runs logged without a reserve, by the size of a call."""
    numbers = count(start=0, step=max(RUNS.values()))

    def of(size: int, *, reserved: bool) -> Callable[[], Sample]:
        def run() -> Sample:
            bodies = _bodies(session, next(numbers), size, reserved=reserved)
            return pgbench.meter.sample(lambda: _send(session, bodies, RUNS[size]))

        return run

    return [
        Measure(BASE, BASE, functions.floor(pgbench, 16, transactions=functions.TRANSACTIONS[16])),
        Measure(
            "floor, 1,000 a statement, one client",
            BASE,
            lambda: pgbench.meter.sample(lambda: _floor(session)),
        ),
        *(Measure(f"settle reserved runs, {size:,} a call", BASE, of(size, reserved=True)) for size in SIZES),
        *(Measure(f"log unreserved runs, {size:,} a call", BASE, of(size, reserved=False)) for size in SIZES),
    ]


def _bodies(session: Session, first: int, size: int, *, reserved: bool) -> list[object]:
    """Make a round's calls ahead, and reserve what they settle."""
    if reserved:
        ready = functions.MAKE_READY.format(wallet="1 + n % 10000", agent="0", count=RUNS[size])
        session.execute(ready.encode())
    items = ITEMS.format(reserved="true" if reserved else "false").encode()
    starts = range(first, first + RUNS[size], size)
    rows = [session.execute(items, [start, start, size]).fetchone() for start in starts]
    return [row and row[0] for row in rows]


def _send(session: Session, bodies: list[object], runs: int) -> tuple[int, float]:
    began = time.perf_counter()
    for body in bodies:
        session.execute(CALL, [body])
    return runs, time.perf_counter() - began


def _floor(session: Session) -> tuple[int, float]:
    began = time.perf_counter()
    for _ in range(5):
        session.execute(FLOOR.encode())
    return 5_000, time.perf_counter() - began
