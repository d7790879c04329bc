"""Write transactions: the only way money moves besides a run's own settlement."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

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


POST = """
SELECT p.o_transaction, p.o_replayed
FROM wallets_post(%s, %s, %s, %s, %s, %s, %s,
    (SELECT array_agg(CASE WHEN l.id IS NULL THEN wallets_platform(l.unit, l.kind) ELSE l.id END ORDER BY l.n)
     FROM unnest(%s::bigint[], %s::text[], %s::text[]) WITH ORDINALITY AS l(id, unit, kind, n)),
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
    names = [leg.wallet if isinstance(leg.wallet, PlatformWallet) else None for leg in legs]
    ids = [None if isinstance(leg.wallet, PlatformWallet) else leg.wallet for leg in legs]
    units = [name.unit if name else None for name in names]
    kinds = [name.kind if name else None for name in names]
    head = [kind, source.type, source.id, actor, description, occurred_at or now, now]
    tail = [plug.unit if plug else None, plug.kind if plug else None]
    statement = POST if plug else POST.replace("wallets_platform(%s, %s)) p", "NULL) p")
    found = calls.row(
        statement,
        [
            *head,
            ids,
            units,
            kinds,
            [leg.amount for leg in legs],
            *(tail if plug else []),
        ],
    )
    return Posted(*found)
