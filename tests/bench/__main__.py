"""`make bench`: measure, print the tables, and write them into docs/benchmarks.md between its two marks."""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import psycopg

from config.devservices import environment, postgres
from config.devservices.__main__ import Instance
from tests.bench import batches, functions, server, web
from tests.bench.clients import Load
from tests.bench.rounds import ROUNDS, Line, compare

DOCUMENT: Final = environment.ROOT / "docs" / "benchmarks.md"
BEGIN: Final = "<!-- make bench writes from here -->\n"
END: Final = "<!-- to here -->\n"


def main() -> int:
    """Measure everything in one go."""
    began = time.monotonic()
    with server.instance() as running:
        parts = [_functions(running), _batches(running), _web(running)]
        # What was measured must have been right: figures of a broken ledger are worth nothing.
        running.manage("check_books")
    minutes = (time.monotonic() - began) / 60
    told = f"{ROUNDS} interleaved rounds on {os.cpu_count()} cores, {minutes:.0f} minutes in all.\n"
    tables = "\n".join([told, *parts])
    _write(DOCUMENT, tables)
    return 0


def _functions(running: Instance) -> str:
    lines = compare(functions.measures(running.cluster))
    return _told(f"### 1. Without HTTP, one call a transaction (pgbench)\n\n{_table(lines)}")


def _batches(running: Instance) -> str:
    url = running.cluster.url(postgres.APP, environment.DATABASE)
    with psycopg.connect(url, autocommit=True) as connection:
        lines = compare(batches.measures(connection))
    return _told(f"### 2. Runs logged in batches, one client\n\n{_table(lines)}")


def _web(running: Instance) -> str:
    demo = json.loads(running.demo_file.read_text())
    with server.web(running):
        measures, loads = web.measures(running.at.web, demo)
        lines = compare(measures)
    return _told(f"### 3. Over HTTP, granian with two workers, 16 connections\n\n{_table(lines, loads)}")


def _told(part: str) -> str:
    # At once: a later part that fails must not take it along.
    sys.stdout.write(part)
    sys.stdout.flush()
    return part


def _table(lines: Sequence[Line], loads: Mapping[str, Load] | None = None) -> str:
    heads = ["what", "a second", "ratio", "to", *(["p50 ms", "p99 ms"] if loads else [])]
    rows = [heads, ["---"] * len(heads), *(_row(line, loads) for line in lines)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(line: Line, loads: Mapping[str, Load] | None) -> list[str]:
    row = [line.name, f"{line.rate:,.0f}", f"{line.ratio:.2f}", line.base]
    if loads:
        row += [f"{value:.1f}" for value in web.percentiles(loads[line.name])]
    return row


def _write(document: Path, tables: str) -> None:
    text = document.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    document.write_text(f"{before}{BEGIN}{tables}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
