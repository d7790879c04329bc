"""The ledger's own housekeeping. Each task may run twice or late: rows say what is left to do."""

from typing import Any, Final

from celery import shared_task

from config.kit import clock
from wallets import books, grants, queries, seals

WALLETS_PER_SWEEP: Final = 1_000


@shared_task(name="wallets.expire_grants")
def expire_grants(**_: Any) -> int:
    """Expire grants that are due; what an open hold leans on waits for it.

    Idempotent: a grant expires once.
    """
    now = clock.now()
    due = queries.wallets_with_due_grants(now=now, limit=WALLETS_PER_SWEEP)
    for wallet_id in due:
        grants.expire_due(wallet_id=wallet_id, now=now)
    return len(due)


@shared_task(name="wallets.seal_transactions")
def seal_transactions(**_: Any) -> int:
    """Seal what is not sealed yet; a second sealer leaves it to the first. A transaction is sealed once."""
    return seals.seal_waiting(now=clock.now())


@shared_task(name="wallets.check_books")
def check_books(**_: Any) -> int:
    """Prove the books and keep the result for the admin. Idempotent: it only reads the ledger."""
    return books.prove(now=clock.now())
