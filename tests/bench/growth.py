"""`make bench-growth`: the same work on ledgers of 10^4, 10^6 and 10^7 entries, each a database of the same server.

SIZES chooses other sizes. A million entries take about 1 GB, and some minutes to load.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import psycopg
from psycopg import sql

from config.devservices import environment, postgres
from config.devservices.__main__ import Instance
from tests.bench import functions, server, tables
from tests.bench.children import ask, children
from tests.bench.pgbench import Pgbench
from tests.bench.processor import Meter
from tests.bench.rounds import ROUNDS, Measure, compare

SIZES: Final = [int(size) for size in (os.environ.get("SIZES") or "10000 1000000 10000000").split()]
CUSTOMERS: Final = 1_000
LOAD_SQL: Final = Path(__file__).parent / "load.sql"
# Four runs of two entries, and the six of their posting.
ENTRIES_A_RUN: Final = 3.5
TABLES: Final = (
    "wallets_transaction",
    "wallets_entry",
    "wallets_grantdrawdown",
    "wallets_hold",
    "billing_execution",
    "billing_earning",
    "billing_usageeventkey",
)
# While a ledger is loaded: a crash would only mean to begin again.
LOADING: Final = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "8GB", "autovacuum": "off"}
TRANSACTIONS: Final = 1_600
CLIENTS: Final = 8
READS: Final = 200
# The seals of a larger one would take longer to make than all else here.
SEALED_MAX: Final = 1_000_000


def main() -> int:
    """Load, measure, write the tables, prove the books; forget it all."""
    with server.instance(customers=CUSTOMERS) as running:
        seconds = [_loaded(running, size) for size in SIZES]
        parts = [_moving(running), _reading(running), _proven(running, seconds)]
    tables.write("make bench-growth", "\n".join([f"{ROUNDS} interleaved rounds.\n", *parts]))
    return 0


def name(size: int) -> str:
    """Name the database of a size."""
    return f"ledger_{size}"


def _loaded(running: Instance, size: int) -> float:
    sys.stderr.write(f"loading {size:,} entries\n")
    began = time.monotonic()
    with running.cluster.connect() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE farebox").format(sql.Identifier(name(size))))
        postgres.ensure_database(running.cluster, name(size))
        with _loading(connection), running.cluster.connect(name(size)) as ledger:
            _load(ledger, size)
        connection.execute("CHECKPOINT")
    return time.monotonic() - began


def _load(ledger: psycopg.Connection[tuple[object, ...]], size: int) -> None:
    row = ledger.execute("SELECT count(*) FROM wallets_entry").fetchone()
    runs = max(int((size - int(str(row and row[0]))) / ENTRIES_A_RUN), 1)
    listed = ", ".join(f"'{table}'" for table in TABLES)
    ledger.execute(LOAD_SQL.read_text().replace(":runs", str(runs)).replace(":tables", listed).encode())
    ledger.execute("SET maintenance_work_mem = '512MB'")
    for table in TABLES:
        ledger.execute(f"REINDEX TABLE {table}".encode())
    ledger.execute("VACUUM ANALYZE")
    ledger.execute("SELECT billing_unroll()")
    _until_none(ledger, "SELECT billing_roll_up(100000)")
    if size <= SEALED_MAX:
        _until_none(ledger, "SELECT o_sealed FROM wallets_seal_transactions(10000, now())")


def _until_none(ledger: psycopg.Connection[tuple[object, ...]], some: str) -> None:
    while (done := ledger.execute(some.encode()).fetchone()) and done[0]:
        pass


@contextlib.contextmanager
def _loading(connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[None]:
    for setting, value in LOADING.items():
        connection.execute(f"ALTER SYSTEM SET {setting} = '{value}'".encode())
    connection.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        connection.execute("ALTER SYSTEM RESET ALL")
        connection.execute("SELECT pg_reload_conf()")


def _moving(running: Instance) -> str:
    meter = Meter(server.postgres_tree(running))
    made = []
    for work, of in (("reserve", functions.reserve), ("settle", functions.settle)):
        for size in SIZES:
            pgbench = Pgbench(running.cluster, meter, name(size))
            run = of(pgbench, CLIENTS, transactions=TRANSACTIONS, last=CUSTOMERS)
            made.append(Measure(_told(work, size), _told(work, SIZES[0]), run))
    lines = compare(made)
    rows = tables.of_lines(lines)
    first = {line.name: line.postgres_us for line in lines}
    rows[0].append("CPU ratio")
    for row, line in zip(rows[1:], lines, strict=True):
        row.append(f"{line.postgres_us / first[line.base]:.2f}")
    return tables.part(f"Reserve and settle as the ledger grows ({CLIENTS} clients, pgbench)", rows)


def _told(work: str, size: int) -> str:
    return f"{work}, {size:,} entries"


def _reading(running: Instance) -> str:
    with contextlib.ExitStack() as stack:
        readers = [
            stack.enter_context(children("tests.bench.reader", environ=_environ(running, size)))
            for size in SIZES
        ]
        rounds = [[ask(reader, str(READS))[0] for reader in readers] for _ in range(ROUNDS)]
    rows = [["entries", "balance, ms in the database", "statement's first page, ms in the database"]]
    for place, size in enumerate(SIZES):
        balance, page = zip(*(each[place] for each in rounds), strict=True)
        rows.append([f"{size:,}", f"{median(balance):.2f}", f"{median(page):.2f}"])
    return tables.part(f"Balance and statement as the ledger grows (medians of {READS} reads a round)", rows)


def _proven(running: Instance, loaded: Sequence[float]) -> str:
    rows = [["entries", "runs", "seals", "size", "loaded in", "check_books"]]
    for size, seconds in zip(SIZES, loaded, strict=True):
        with running.cluster.connect(name(size)) as ledger:
            facts = ledger.execute(
                "SELECT (SELECT count(*) FROM wallets_entry), (SELECT count(*) FROM billing_execution),"
                " (SELECT count(*) FROM wallets_seal), pg_size_pretty(pg_database_size(current_database()))"
            ).fetchone()
        assert facts is not None
        began = time.monotonic()
        argv = [sys.executable, "manage.py", "check_books"]
        subprocess.run(argv, env=_environ(running, size), cwd=environment.ROOT, check=True)
        proven = time.monotonic() - began
        counts = [f"{fact:,}" if isinstance(fact, int) else str(fact) for fact in facts]
        rows.append([*counts, f"{seconds:.0f} s", f"{proven:.0f} s"])
    return tables.part("The proof of the books", rows)


def _environ(running: Instance, size: int) -> dict[str, str]:
    return {**running.environ, "DATABASE_URL": running.cluster.url(postgres.APP, name(size))}


if __name__ == "__main__":
    sys.exit(main())
