"""Undo what was charged: whatever paid for it has it again, and who had it gives it back."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from wallets import calls, ledger
from wallets.ledger import Leg, Posted, Source

# What comes back to a grant that has expired is given anew for so long (ledger.md rule 12).
REGRANTED_FOR: Final = dt.timedelta(days=30)
UNDO: Final = (
    "SELECT o_transaction, o_replayed FROM"
    " wallets_undo(%s::bigint[], %s::bigint[], %s::bigint[], {wallets}, %s::bigint[], %s, %s, %s, %s, %s, %s, %s)"
)


def undo(
    *,
    charges: Sequence[int],
    owing: Mapping[int, int],
    legs: Sequence[Leg],
    kind: str,
    source: Source,
    actor: str,
    description: str,
    now: dt.datetime,
) -> Posted:
    """Take charges back in one transaction, once per cause; `legs` say who gives their credits.

    Grants have again what they gave, debts are owed no more, and where they were paid their payers have it. `owing`
    names grants whose purchase was given back, with what it left owing at most: what comes back to them pays that.
    Raises BilledError when an invoice stands for it, DisputedError while a bank decides whose it is.
    """
    found = calls.row(
        UNDO.format(wallets=ledger.WALLETS),
        [
            *(
                list(charges),
                list(owing),
                list(owing.values()),
                *ledger.spread(legs=legs),
                kind,
                source.type,
                source.id,
            ),
            *(actor, description, now + REGRANTED_FOR, now),
        ],
    )
    return Posted(*found)
