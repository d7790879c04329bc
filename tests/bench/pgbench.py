"""Run pgbench: scripts of SQL from some clients at once, each over one connection, prepared once."""

import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from config.devservices import environment, postgres
from config.devservices.postgres import Cluster
from tests.bench.processor import Meter
from tests.bench.rounds import Sample

PROGRAM: Final = postgres.PROGRAMS / "bin" / "pgbench"
TPS: Final = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
LATENCY: Final = re.compile(r"^latency average = ([\d.]+) ms", re.MULTILINE)
FAILED: Final = re.compile(r"^number of failed transactions: 0 ", re.MULTILINE)
SECONDS_MAX: Final = 120


@dataclass(frozen=True)
class Pgbench:
    """Where scripts run, and what their CPU is read from."""

    cluster: Cluster
    meter: Meter
    database: str = environment.DATABASE

    def measure(
        self, script: str, *, clients: int, transactions: int, first: str = "", items: int = 1
    ) -> Callable[[], Sample]:
        """Give a round of a script; `first` is run before it, unmeasured; `items` are done by a transaction."""

        def run() -> Sample:
            if first:
                with self.cluster.connect(self.database, postgres.APP) as connection:
                    connection.execute(first.encode())
            return self.meter.sample(lambda: self._done(script, clients, transactions // clients, items))

        return run

    def _done(self, script: str, clients: int, each: int, items: int) -> tuple[int, float]:
        answer = self.run(script, clients=clients, each=each)
        found = TPS.search(answer)
        assert found is not None
        done = clients * each
        return done * items, done / float(found[1])

    def run(self, script: str, *, clients: int, each: int) -> str:
        """Run a script; give what pgbench says. Raises RuntimeError when a transaction failed."""
        words = ["-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-t", str(each)]
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script)
            file.flush()
            argv = [str(PROGRAM), *words, "-f", file.name, self.cluster.url(postgres.APP, self.database)]
            done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=SECONDS_MAX)
        if done.returncode or not TPS.search(done.stdout) or not FAILED.search(done.stdout):
            raise RuntimeError(f"pgbench failed:\n{done.stdout}{done.stderr}")
        return done.stdout
