"""Holds: claims on a wallet that close once.

Runs place and settle them inside billing's SQL, in one round trip.
"""

import datetime as dt
from typing import NamedTuple

from config.kit import ids
from wallets import calls
from wallets.ledger import Source


class Placed(NamedTuple):
    """A hold, the wallet that covers it and what that wallet still has."""

    hold_id: int
    wallet_id: int
    available: int


class Captured(NamedTuple):
    """The transaction of a charge (none for a charge of 0) and what the wallet still has."""

    transaction_id: int | None
    available: int


def place(
    *,
    wallet_ids: list[int],
    amount: int,
    source: Source,
    expires_at: dt.datetime,
    now: dt.datetime,
) -> Placed:
    """Hold an amount on the first wallet that covers it; raise InsufficientCreditsError when none does."""
    hold_id, wallet_id, available = calls.row(
        "SELECT * FROM wallets_hold_place(%s::bigint[], %s, %s, %s, %s, %s, %s)",
        [
            wallet_ids,
            amount,
            source.type,
            source.id,
            ids.new(ids.HOLD),
            expires_at,
            now,
        ],
    )
    if hold_id is None:
        raise calls.shortfall(required=amount, available=available)
    return Placed(hold_id, wallet_id, available)


def release(*, hold_id: int, now: dt.datetime) -> bool:
    """Close an open hold without a charge; say whether this call did it."""
    return _close(hold_id=hold_id, state="released", now=now)


def expire(*, hold_id: int, now: dt.datetime) -> bool:
    """Close an open hold whose time is over; say whether this call did it."""
    return _close(hold_id=hold_id, state="expired", now=now)


def capture(
    *,
    wallet_id: int,
    amount: int,
    hold_id: int | None,
    source: Source,
    actor: str,
    now: dt.datetime,
) -> Captured:
    """Charge a wallet into clearing, settling its hold when there is one.

    Raises InsufficientCreditsError when available does not cover what is above the hold, HoldClosedError when
    the hold is closed already.
    """
    found = calls.row(
        "SELECT * FROM wallets_capture(%s, %s, %s, %s, %s, %s, %s, %s)",
        [wallet_id, amount, hold_id, source.type, source.id, actor, now, now],
    )
    return Captured(*found)


def _close(*, hold_id: int, state: str, now: dt.datetime) -> bool:
    (closed,) = calls.row("SELECT wallets_hold_close(%s, %s, %s)", [hold_id, state, now])
    return bool(closed)
