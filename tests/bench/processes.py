"""Reserve from Python processes, without HTTP, beside the same function under pgbench with as many clients."""

from collections.abc import Callable, Sequence
from typing import Final

from tests.bench import functions
from tests.bench.children import Child, ask
from tests.bench.functions import CUSTOMERS
from tests.bench.pgbench import Pgbench
from tests.bench.rounds import Measure, Sample

CALLER: Final = "tests.bench.caller"
PROCESSES: Final = 8
BATCH: Final = 50
RUNS: Final = 960
BATCHED_RUNS: Final = 4_000
BASE: Final = f"pgbench, {PROCESSES} clients"


def measures(pgbench: Pgbench, started: Sequence[Child]) -> list[Measure]:
    """List single reserves and batches of 50, on all customers and on one."""

    def of(runs: int, *, batch: int = 1, customers: int = CUSTOMERS) -> Callable[[], Sample]:
        return lambda: pgbench.meter.sample(lambda: _round(started, runs, batch, customers))

    floor = functions.reserve(pgbench, PROCESSES, transactions=RUNS)
    many = f"{PROCESSES} processes, {BATCH} a call"
    # What a process pays once, it pays before the first round.
    for batch in (1, BATCH):
        ask(started, f"{BATCH} {batch} {CUSTOMERS}")
    return [
        Measure(BASE, BASE, floor),
        Measure(f"{PROCESSES} processes", BASE, of(RUNS)),
        Measure(many, BASE, of(BATCHED_RUNS, batch=BATCH)),
        Measure(f"{PROCESSES} processes, one customer", BASE, of(RUNS // 2, customers=1)),
        Measure(f"{many}, one customer", many, of(BATCHED_RUNS, batch=BATCH, customers=1)),
    ]


def _round(started: Sequence[Child], runs: int, batch: int, customers: int) -> tuple[int, float]:
    times = ask(started, f"{runs // PROCESSES} {batch} {customers}")
    return runs, max(end for _, end in times) - min(begin for begin, _ in times)
