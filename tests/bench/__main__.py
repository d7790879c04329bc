"""`make bench`: measure, print the tables, and write them into docs/benchmarks.md between its two marks."""

import contextlib
import json
import os
import sys
import time
from typing import Any

import psycopg

from config.devservices import environment, postgres
from config.devservices.__main__ import Instance
from tests.bench import batches, functions, ingestion, metering, processes, server, tables, targets, web
from tests.bench.children import children
from tests.bench.pgbench import Pgbench
from tests.bench.posting import posting
from tests.bench.processor import Meter, Tree
from tests.bench.rounds import ROUNDS, Line, compare


class Bench:
    """One run of everything on one instance: the lines measured, the tables told."""

    def __init__(self, running: Instance) -> None:
        self.running = running
        self.demo: dict[str, Any] = json.loads(running.demo_file.read_text())
        self.tree = server.postgres_tree(running)
        self.pgbench = Pgbench(running.cluster, Meter(self.tree))
        self.lines: list[Line] = []
        self.parts: list[str] = []
        self.paced_p99_ms = 0.0

    def measure(self) -> None:
        """Measure part by part; within a part, rounds are interleaved."""
        self._functions()
        self._creators()
        self._processes()
        self._batches()
        self._web()
        self._servers()
        # What was measured must have been right: figures of a broken ledger are worth nothing.
        self.running.manage("check_books")

    def _functions(self) -> None:
        lines = compare(functions.measures(self.pgbench))
        self._tell("1. Without HTTP, one call a transaction (pgbench)", lines)

    def _creators(self) -> None:
        with posting(self._url()):
            lines = compare(functions.creators(self.pgbench))
        self._tell("2. Hot creators, while a poster posts once a second (pgbench)", lines)

    def _processes(self) -> None:
        key = self.demo["router"]["api_key"]
        with children(
            processes.CALLER, key, environ=self.running.environ, count=processes.PROCESSES
        ) as started:
            pgbench = Pgbench(self.running.cluster, Meter(self.tree, Tree(os.getpid())))
            lines = compare(processes.measures(pgbench, started))
        self._tell("3. Reserve from Python, without HTTP", lines, callers="Python")

    def _batches(self) -> None:
        with self._session() as session:
            lines = compare(batches.measures(session, self.pgbench))
        self._tell("4. Runs settled and logged in batches by one worker", lines)

    def _web(self) -> None:
        with server.web(self.running) as (child, port), self._session() as session:
            meter = Meter(self.tree, Tree(child.process.pid))
            listed, loads = web.measures(port, self.demo, meter)
            lines = compare(listed)
            self.paced_p99_ms = web.percentiles(loads[web.PACED])[1]
            self._tell(
                "5. Over HTTP: granian, two workers, 16 connections", lines, callers="web", loads=loads
            )
            lines = compare(ingestion.measures(port, self.demo, meter))
            self._tell("6. Over HTTP, one a request and many", lines, callers="web")
            lines = compare(metering.measures(port, self.demo, session, meter))
            self._tell("7. Meter events over HTTP", lines, callers="web")

    def _servers(self) -> None:
        with contextlib.ExitStack() as stack:
            served = {
                name: stack.enter_context(server.web(self.running, name))
                for name in ("granian", *server.OTHER_SERVERS)
            }
            meters = {
                name: (port, Meter(self.tree, Tree(child.process.pid)))
                for name, (child, port) in served.items()
            }
            listed, loads = web.on_servers(meters, self.demo)
            self._tell("8. Web servers, each with two processes", compare(listed), callers="web", loads=loads)

    def _tell(self, title: str, lines: list[Line], *, callers: str = "", loads: Any = None) -> None:
        self.lines += lines
        self.parts.append(tables.part(title, tables.of_lines(lines, callers=callers, loads=loads)))

    def _session(self) -> batches.Session:
        return psycopg.connect(self._url(), autocommit=True)

    def _url(self) -> str:
        return self.running.cluster.url(postgres.APP, environment.DATABASE)


def main() -> int:
    """Measure everything in one go."""
    began = time.monotonic()
    with server.instance() as running:
        bench = Bench(running)
        bench.measure()
    judged = tables.part("Targets", targets.rows(bench.lines, paced_p99_ms=bench.paced_p99_ms))
    minutes = (time.monotonic() - began) / 60
    load = os.getloadavg()[2]
    told = f"{ROUNDS} interleaved rounds on {os.cpu_count()} cores, {minutes:.0f} minutes in all, load {load:.1f}.\n"
    tables.write("make bench", "\n".join([told, judged, *bench.parts]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
