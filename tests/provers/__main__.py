"""`make prove`: every prover on an instance of its own, as many operations as one asks for.

N is the number of operations against PostgreSQL; the others follow from it. Without a seed each run takes a new one and
prints it; the line that a failure ends with runs it again.
"""

import argparse
import importlib
import os
import secrets
import sys
import time
import traceback
from typing import Any, Final

import django

from config.devservices.__main__ import Instance
from tests.support.instances import forgotten

OPERATIONS: Final = 200_000
# How many operations each prover does for each of N. The first wants an empty database.
PROVERS: Final = {"orders": 0.01, "core": 50.0, "machine": 0.05, "ledger": 1.0, "api": 0.1, "door": 0.5}
SEED_MAX: Final = 10**6


def main() -> int:
    """Run the provers that were asked for; 1 when one of them fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.provers", description=__doc__)
    parser.add_argument("provers", nargs="*", help=f"of {', '.join(PROVERS)}; all of them by default")
    parser.add_argument("--operations", type=int, default=OPERATIONS)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(SEED_MAX))
    asked = parser.parse_args()
    if unknown := set(asked.provers) - set(PROVERS):
        parser.error(f"there is no prover {', '.join(unknown)}")
    with forgotten("provers") as running:
        names = [name for name in PROVERS if name in (asked.provers or PROVERS)]
        return _run(running, names, asked.operations, asked.seed)


def _run(running: Instance, names: list[str], operations: int, seed: int) -> int:
    # The provers are part of the application's process: they need its settings before they are imported.
    os.environ.update(running.environ)
    django.setup()
    failed = [name for name in names if not _proven(running, name, operations, seed)]
    sys.stdout.write(f"Not proven: {', '.join(failed)}.\n" if failed else f"Proven: {', '.join(names)}.\n")
    return 1 if failed else 0


def _proven(running: Instance, name: str, operations: int, seed: int) -> bool:
    began = time.monotonic()
    try:
        prover: Any = importlib.import_module(f"tests.provers.{name}")
        told = prover.prove(count=max(int(operations * PROVERS[name]), 1), seed=seed)
        running.manage("check_books")
    except Exception as error:  # noqa: BLE001  (the others are still to run; what happened is told)
        # With its notes: they are the history that a state machine found.
        sys.stdout.write(f"{name}, seed {seed}: {''.join(traceback.format_exception_only(error))}")
        return False
    sys.stdout.write(f"{told}, {time.monotonic() - began:.0f} s\n")
    return True


if __name__ == "__main__":
    sys.exit(main())
