"""Write transactions: the only way money moves besides a run's own settlement."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from wallets import calls
from wallets.chart import PlatformWallet


class Source(NamedTuple):
    """The one cause of a transaction: unique with its kind, so that a repeat changes nothing."""

    type: str
    id: str


class Leg(NamedTuple):
    """A signed amount, in micros, on one of the platform's wallets or on an owner's wallet by its row id."""

    wallet: int | PlatformWallet
    amount: int


class Posted(NamedTuple):
    """The transaction that now stands for the cause, and whether it stood there before."""

    transaction_id: int
    replayed: bool


# The legs' wallets by id, of what `spread` gives.
WALLETS = """(SELECT array_agg(CASE WHEN l.id IS NULL THEN wallets_platform(l.unit, l.kind) ELSE l.id END ORDER BY l.n)
     FROM unnest(%s::bigint[], %s::text[], %s::text[]) WITH ORDINALITY AS l(id, unit, kind, n))"""
POST = """
SELECT p.o_transaction, p.o_replayed
FROM wallets_post(%s, %s, %s, %s, %s, %s, %s,
    {wallets},
    %s::bigint[], wallets_platform(%s, %s)) p
"""


def post(
    *,
    kind: str,
    source: Source,
    actor: str,
    legs: Sequence[Leg],
    now: dt.datetime,
    occurred_at: dt.datetime | None = None,
    plug: PlatformWallet | None = None,
    description: str = "",
) -> Posted:
    """Write one transaction of legs that sum to zero in each unit.

    Legs on a creator's wallet bring their image in USD along; `plug` takes the rest in USD. A cause that was
    posted before is left as it is and reported as replayed. Raises InsufficientCreditsError when a wallet's
    floor refuses a leg.
    """
    head = [kind, source.type, source.id, actor, description, occurred_at or now, now]
    tail = [plug.unit if plug else None, plug.kind if plug else None]
    statement = POST.format(wallets=WALLETS)
    if plug is None:
        statement = statement.replace("wallets_platform(%s, %s)) p", "NULL) p")
    found = calls.row(statement, [*head, *spread(legs=legs), *(tail if plug else [])])
    return Posted(*found)


def spread(*, legs: Sequence[Leg]) -> list[list[Any]]:
    """Give legs as the ledger's functions take them: three columns that name their wallets, and their amounts."""
    names = [leg.wallet if isinstance(leg.wallet, PlatformWallet) else None for leg in legs]
    return [
        [None if isinstance(leg.wallet, PlatformWallet) else leg.wallet for leg in legs],
        [name.unit if name else None for name in names],
        [name.kind if name else None for name in names],
        [leg.amount for leg in legs],
    ]
