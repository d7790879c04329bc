"""The chain of seals: what the ledger wrote, hashed so that any later change shows. `wallets/sql/seals.sql` says how.

A seal is a second after its transaction and nobody waits for it. Whoever may pass the database's guards could also
write the whole chain again: the head of each day is logged, to be kept where they cannot reach it.
"""

import datetime as dt
import logging
from dataclasses import dataclass
from typing import Final

from django.db import connection

from wallets import calls
from wallets.models import Seal

logger = logging.getLogger(__name__)

BATCH: Final = 1_000
BATCHES_PER_TICK: Final = 20
# By the chain's number; a transaction that was passed without a seal has none, and comes last.
FIRST_DIFFERENCE: Final = """
    SELECT number, named, problem FROM (
        (SELECT number, named, 'is not what was sealed' AS problem FROM wallets_seals_changed()
            ORDER BY number LIMIT 1)
        UNION ALL (SELECT number, named, 'does not follow the seal before' FROM wallets_seals_unchained()
            ORDER BY number LIMIT 1)
        UNION ALL (SELECT number, named, 'is not in the chain' FROM wallets_seal_heads_lost()
            ORDER BY number LIMIT 1)
        UNION ALL (SELECT number, named, 'has no seal' FROM wallets_seals_missing() LIMIT 1)
    ) differences ORDER BY number NULLS LAST LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first row that is not what was sealed: at which seal, which row, and what is wrong with it."""

    number: int | None
    row: str
    problem: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A transaction's place in the chain."""

    number: int
    hash: bytes


def seal_waiting(*, now: dt.datetime) -> int:
    """Seal the transactions that are not sealed, batch by batch; return how many. A backlog takes several calls."""
    total = 0
    for _ in range(BATCHES_PER_TICK):
        sealed, head = calls.row(
            "SELECT o_sealed, o_head FROM wallets_seal_transactions(%s, %s)",
            [BATCH, now],
        )
        if head:
            logger.info("Head of the chain of seals: %s", head)
        total += sealed
        if sealed < BATCH:
            break
    return total


def verify() -> Difference | None:
    """Recompute the whole chain; name the first row that differs, or return None when every row is as sealed."""
    with connection.cursor() as cursor:
        cursor.execute(FIRST_DIFFERENCE)
        found = cursor.fetchone()
    return Difference(*found) if found else None


def seal_of(*, transaction_id: int) -> Sealed | None:
    """Find a transaction's seal; None until it is sealed."""
    found = Seal.objects.filter(transaction=transaction_id).values_list("number", "hash").first()
    return Sealed(found[0], bytes(found[1])) if found else None


def hash_of(*, transaction_id: int | None) -> str:
    """Write a transaction's seal as text; empty until it is sealed."""
    seal = seal_of(transaction_id=transaction_id) if transaction_id else None
    return seal.hash.hex() if seal else ""
