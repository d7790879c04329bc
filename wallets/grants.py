"""Credit grants: parcels of credits, each with its funding class and the cash paid for it."""

import datetime as dt
from collections.abc import Sequence

from django.db import connection

from config.kit.errors import InvalidInputError
from wallets import calls, chart, ledger
from wallets.ledger import Leg, Posted, Source
from wallets.models import CreditGrant, Wallet


def add(
    *,
    wallet_id: int,
    funding_class: str,
    amount: int,
    cash: int,
    source: Source,
    now: dt.datetime,
    expires_at: dt.datetime | None = None,
    priority: int = 0,
) -> int:
    """Add a grant in the transaction that posts its credits; `cash` (USD micros) is what was paid for it."""
    if not connection.in_atomic_block:
        raise RuntimeError("A grant is added in the transaction that posts it.")
    (grant_id,) = calls.row(
        "SELECT wallets_grant_add(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            wallet_id,
            funding_class,
            amount,
            cash,
            priority,
            expires_at,
            source.type,
            source.id,
            now,
        ],
    )
    return int(grant_id)


def give(
    *,
    wallet: Wallet,
    funding_class: str,
    amount: int,
    source: Source,
    actor: str,
    now: dt.datetime,
    reason: str,
    expires_at: dt.datetime | None = None,
) -> Posted:
    """Give credits nobody paid for (promo or adjustment), in the caller's transaction, once per source."""
    if funding_class not in {
        CreditGrant.FundingClass.PROMO,
        CreditGrant.FundingClass.ADJUSTMENT,
    }:
        raise InvalidInputError(f"{funding_class} credits are not given, they are bought.")
    if amount <= 0:
        raise InvalidInputError("An amount of credits to give is more than 0.")
    posted = ledger.post(
        kind=funding_class,
        source=source,
        actor=actor,
        legs=[Leg(chart.ISSUED[funding_class], -amount), Leg(wallet.pk, amount)],
        now=now,
        description=reason,
    )
    if not posted.replayed:
        add(
            wallet_id=wallet.pk,
            funding_class=funding_class,
            amount=amount,
            cash=0,
            source=source,
            now=now,
            expires_at=expires_at,
        )
    return posted


def void(
    *,
    wallet: Wallet,
    amount: int,
    source: Source,
    actor: str,
    now: dt.datetime,
    reason: str,
) -> Posted:
    """Take credits back in burn order, only what is available, once per source."""
    found = calls.row(
        "SELECT o_transaction, o_replayed FROM wallets_void(%s, %s, %s, %s, %s, %s, %s)",
        [wallet.pk, amount, source.type, source.id, actor, reason, now],
    )
    return Posted(*found)


def loose(*, wallet_id: int, source_type: str, source_ids: Sequence[str], now: dt.datetime) -> int:
    """Tell how much could be taken back now of what came with some causes: no hold leans on it, no debt ate it."""
    (found,) = calls.row(
        "SELECT coalesce(sum(loose), 0) FROM wallets_loose(%s, %s, %s, %s)",
        [wallet_id, source_type, list(source_ids), now],
    )
    return int(found)


def withdraw(
    *, wallet_id: int, source: Source, source_ids: Sequence[str], actor: str, now: dt.datetime, reason: str
) -> int:
    """Take back what came with some causes, once per source, and return how much that was."""
    (taken,) = calls.row(
        "SELECT wallets_withdraw(%s, %s, %s, %s, %s, %s, %s)",
        [wallet_id, source.type, source.id, list(source_ids), actor, reason, now],
    )
    return int(taken)


def expire_due(*, wallet_id: int, now: dt.datetime) -> int:
    """Expire what is due on a wallet and not leaned on by a hold; return the credits that went."""
    (expired,) = calls.row("SELECT wallets_expire_due(%s, %s)", [wallet_id, now])
    return int(expired)
