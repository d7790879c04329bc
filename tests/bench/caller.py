"""A Python process that reserves as the API does, without HTTP: it waits for a line, works, answers, and again.

A line says how many runs, in calls of how many, on how many of the customers; the answer is when it began and ended.
"""

import datetime as dt
import random
import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import django

django.setup()

from accounts import secret_text  # noqa: E402
from billing.operations import executions, openings  # noqa: E402  (models need the set-up)
from billing.runs import Allowed, Opening  # noqa: E402
from config.kit import clock, ids  # noqa: E402

# The router's key, as the API remembers it.
DIGEST: Final = secret_text.digest(sys.argv[1])


def main() -> None:
    """Serve rounds until told to stop."""
    for line in sys.stdin:
        runs, batch, customers = map(int, line.split())
        began = time.perf_counter()
        for _ in range(runs // batch):
            _reserve([_opening(customers) for _ in range(batch)], now=clock.now())
        sys.stdout.write(f"{began} {time.perf_counter()}\n")
        sys.stdout.flush()


def _reserve(asked: Sequence[Opening], *, now: dt.datetime) -> None:
    if len(asked) == 1:
        known = executions.reserve_known(opening=asked[0], digest=DIGEST, now=now)
        found: Sequence[object] = [known or executions.reserve(opening=asked[0], now=now)]
    else:
        found = openings.reserve_many(openings=asked, now=now)
    if not all(isinstance(each, Allowed) and each.execution for each in found):
        raise RuntimeError(f"not reserved: {found}")


def _opening(customers: int) -> Opening:
    return Opening(
        agent="per-request",
        caller=f"cst_bench{random.randint(1, customers)}",
        principal="key:bench",
        usage={"request": Decimal(1)},
        key=ids.new(ids.EXECUTION),
        fingerprint=b"bench",
    )


if __name__ == "__main__":
    main()
