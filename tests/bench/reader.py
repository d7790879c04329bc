"""A Python process that reads wallets as the API does: it waits for a line, reads, answers, and again.

A line says how many times to read; the answer is the median time, in milliseconds, that the statements of a balance
and of a statement's first page took, as the caller waits for the database.
"""

import random
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402  (models need the set-up)

from config.kit import clock, paging  # noqa: E402
from wallets import queries  # noqa: E402
from wallets.models import Wallet  # noqa: E402


class Stopwatch:
    """Adds up what the statements of a connection take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        """Run a statement, timed."""
        began = time.perf_counter()
        try:
            return execute(*args)
        finally:
            self.seconds += time.perf_counter() - began


def main() -> None:
    """Serve rounds until told to stop."""
    wallets = list(Wallet.objects.filter(owner_type=Wallet.OwnerType.CONSUMER, seq__gt=0))
    for line in sys.stdin:
        chosen = [random.choice(wallets) for _ in range(int(line))]
        sys.stdout.write(f"{_median_ms(_balance, chosen)} {_median_ms(_page, chosen)}\n")
        sys.stdout.flush()


def _balance(wallet: Wallet) -> object:
    return queries.customer_balance(customer_id=wallet.owner_id, now=clock.now())


def _page(wallet: Wallet) -> object:
    return list(queries.statement(wallet_ids=[wallet.pk]).order_by("-id")[: paging.LIMIT_DEFAULT + 1])


def _median_ms(read: Callable[[Wallet], object], wallets: list[Wallet]) -> float:
    return median(_seconds(read, wallet) for wallet in wallets) * 1_000


def _seconds(read: Callable[[Wallet], object], wallet: Wallet) -> float:
    stopwatch = Stopwatch()
    with connection.execute_wrapper(stopwatch):
        read(wallet)
    return stopwatch.seconds


if __name__ == "__main__":
    main()
