"""Runs logged in batches: one call for 1, 10, 100 and 1,000, and the floor's work for 1,000 in one statement."""

import time
from collections.abc import Callable
from itertools import count
from typing import Final

from psycopg import Connection

from tests.bench.rounds import Measure

SIZES: Final = (1, 10, 100, 1_000)
# How many runs a round logs, by the size of its calls.
RUNS: Final = {1: 100, 10: 200, 100: 500, 1_000: 1_000}
ITEMS: Final = """
SELECT jsonb_agg(bench.item('exe_log' || (%s::bigint + n), 1 + (%s::bigint + n) %% 10000))::text
FROM generate_series(1, %s) n
"""
FLOOR: Final = """
WITH taken AS (
    UPDATE bench.balance SET balance = balance - 1 WHERE id IN (SELECT generate_series(1, 1000)) RETURNING id)
INSERT INTO bench.entry (wallet_id, amount) SELECT id, -1 FROM taken
"""
CALL: Final = "SELECT bench.settle(%s::jsonb)"
NAME: Final = "log, {:,} a call"


def measures(connection: Connection[tuple[object, ...]]) -> list[Measure]:
    """List the sizes, compared with the single call; the floor is compared with it too."""
    numbers = count(start=0, step=max(RUNS.values()))
    made = [Measure(NAME.format(size), NAME.format(1), _logging(connection, numbers, size)) for size in SIZES]
    return [*made, Measure("floor, 1,000 in one statement", NAME.format(1), lambda: _floor(connection))]


def _logging(
    connection: Connection[tuple[object, ...]], numbers: "count[int]", size: int
) -> Callable[[], float]:
    def timed() -> float:
        first = next(numbers)
        bodies = []
        for start in range(first, first + RUNS[size], size):
            row = connection.execute(ITEMS, [start, start, size]).fetchone()
            bodies.append(row and row[0])
        began = time.perf_counter()
        for body in bodies:
            connection.execute(CALL, [body])
        return RUNS[size] / (time.perf_counter() - began)

    return timed


def _floor(connection: Connection[tuple[object, ...]]) -> float:
    began = time.perf_counter()
    connection.execute(FLOOR.encode())
    return 1_000 / (time.perf_counter() - began)
