"""The money path without HTTP: pgbench calls our functions, and the floor."""

import re
import subprocess
import tempfile
from collections.abc import Callable
from typing import Final

from config.devservices import environment, postgres
from config.devservices.postgres import Cluster
from tests.bench.rounds import Measure

PGBENCH: Final = postgres.PROGRAMS / "bin" / "pgbench"
TPS: Final = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
FAILED: Final = re.compile(r"^number of failed transactions: 0 ", re.MULTILINE)
SECONDS_MAX: Final = 60
CUSTOMERS: Final = 10_000
# A round's transactions, shared by its clients: some tenths of a second each.
TRANSACTIONS: Final = {1: 240, 16: 960}
FLOOR: Final = """
WITH taken AS (UPDATE bench.balance SET balance = balance - 1 WHERE id = :w)
INSERT INTO bench.entry (wallet_id, amount) VALUES (:w, -1);
"""
RESERVE: Final = "SELECT bench.reserve(:w, 'exe_new' || nextval('bench.next')) AS execution"
SETTLE: Final = "SELECT bench.settle(jsonb_build_array(bench.item({execution}, NULL)));\n"
NEXT_READY: Final = "'exe_ready' || nextval('bench.settled')"
MAKE_READY: Final = """
SELECT count(bench.reserve({wallet}, 'exe_ready' || nextval('bench.ready'))) FROM generate_series(1, {count}) n
"""


def measures(cluster: Cluster) -> list[Measure]:
    """List reserve, settle and both after one another: spread and hot, by one client and by sixteen."""
    made = []
    for clients in TRANSACTIONS:
        for where, last in (("10,000 wallets", CUSTOMERS), ("one wallet", 1)):
            told = f"{where}, {clients} client" + "s" * (clients > 1)
            pick = f"\\set w random(1, {last})\n"
            base = f"floor: {told}"
            settle = SETTLE.format(execution=NEXT_READY)
            both = f"{RESERVE} \\gset\n{SETTLE.format(execution=':execution')}"
            made += [
                Measure(base, base, _pgbench(cluster, pick + FLOOR, clients)),
                Measure(f"reserve: {told}", base, _pgbench(cluster, f"{pick}{RESERVE};\n", clients)),
                Measure(f"settle: {told}", base, _prepared(cluster, settle, clients, last)),
                Measure(f"reserve+settle: {told}", base, _pgbench(cluster, pick + both, clients)),
            ]
    return made


def _prepared(cluster: Cluster, script: str, clients: int, last: int) -> Callable[[], float]:
    """Reserve ahead as many as the round settles; that is not measured."""
    ready = MAKE_READY.format(wallet=f"1 + n % {last}", count=TRANSACTIONS[clients])
    run = _pgbench(cluster, script, clients)

    def timed() -> float:
        with cluster.connect(environment.DATABASE, postgres.APP) as connection:
            connection.execute(ready.encode())
        return run()

    return timed


def _pgbench(cluster: Cluster, script: str, clients: int) -> Callable[[], float]:
    url = cluster.url(postgres.APP, environment.DATABASE)
    each = str(TRANSACTIONS[clients] // clients)
    words = [str(PGBENCH), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-t", each]

    def timed() -> float:
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script)
            file.flush()
            argv = [*words, "-f", file.name, url]
            done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=SECONDS_MAX)
        found = TPS.search(done.stdout)
        if done.returncode or found is None or not FAILED.search(done.stdout):
            raise RuntimeError(f"pgbench failed:\n{done.stdout}{done.stderr}")
        return float(found[1])

    return timed
