"""Freezing: what is left of a disputed payment's credits is set aside while the dispute is open."""

import datetime as dt
from collections.abc import Sequence

from wallets import calls
from wallets.ledger import Source


def freeze(
    *,
    grant_ids: Sequence[int],
    most: int,
    cash: int,
    source: Source,
    actor: str,
    now: dt.datetime,
    occurred_at: dt.datetime | None = None,
    description: str = "",
) -> int:
    """Set aside at most that much of some grants, less what open holds lean on, and book the cash that Stripe took.

    Once per source: a repeat changes nothing. Gives what the source has frozen.
    """
    (frozen,) = calls.row(
        "SELECT wallets_freeze(%s::bigint[], %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            *(list(grant_ids), most, cash, source.type, source.id),
            *(actor, description, occurred_at or now, now),
        ],
    )
    return int(frozen)


def freeze_freed(*, most: int, source: Source, actor: str, now: dt.datetime, description: str = "") -> int:
    """Set aside what has come free since of the grants that a source names, at most that much; give how much it was."""
    (frozen,) = calls.row(
        "SELECT wallets_freeze_freed(%s, %s, %s, %s, %s, %s)",
        [most, source.type, source.id, actor, description, now],
    )
    return int(frozen)


def thaw(
    *,
    kind: str,
    source: Source,
    actor: str,
    now: dt.datetime,
    cash: int = 0,
    returned: int = 0,
    occurred_at: dt.datetime | None = None,
    description: str = "",
) -> int:
    """Give back what a source has frozen, once, and book the cash that Stripe returned of what it took.

    What has expired meanwhile expires then. Gives what was given back by this call.
    """
    (thawed,) = calls.row(
        "SELECT wallets_thaw(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            *(kind, cash, returned, source.type, source.id),
            *(actor, description, occurred_at or now, now),
        ],
    )
    return int(thawed)
