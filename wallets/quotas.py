"""Quotas: so much of a meter's unit in a period, as wallets of that unit. Runs take from them in billing's SQL."""

import datetime as dt
from typing import Final, NamedTuple

from django.db.models import Q, Sum

from config.kit.errors import InvalidInputError
from wallets import calls
from wallets.chart import CONSUMER
from wallets.ledger import Posted, Source
from wallets.models import CreditGrant, Wallet, WalletDebt

ACTOR: Final = "job:wallets.quotas"


class Left(NamedTuple):
    """What a quota still allows, what it was filled with, and what was used beyond it; micros of its unit."""

    available: int
    granted: int
    debt: int


def open_quota(*, customer_id: int, unit: str, now: dt.datetime) -> Wallet:
    """Give a customer's quota of a unit, opening it the first time."""
    (wallet_id,) = calls.row("SELECT wallets_quota_open(%s, %s, %s)", [customer_id, unit, now])
    return Wallet.objects.get(pk=wallet_id)


def grant(
    *,
    customer_id: int,
    unit: str,
    amount: int,
    source: Source,
    expires_at: dt.datetime | None,
    now: dt.datetime,
    actor: str = ACTOR,
) -> Posted:
    """Fill a quota, once per source; nobody pays for it, and it runs out with its period."""
    if amount <= 0:
        raise InvalidInputError("A quota is filled with more than 0.")
    found = calls.row(
        "SELECT o_transaction, o_replayed FROM wallets_quota_grant(%s, %s, %s, %s, %s, %s, %s, %s)",
        [customer_id, unit, amount, source.type, source.id, actor, expires_at, now],
    )
    return Posted(*found)


def find(*, customer_id: int, unit: str) -> Wallet | None:
    """Find a customer's quota of a unit."""
    return Wallet.objects.filter(
        owner_type=Wallet.OwnerType.CONSUMER, owner_id=customer_id, unit=unit, kind=CONSUMER, scope=""
    ).first()


def left(*, customer_id: int, unit: str, now: dt.datetime) -> Left:
    """Tell what a quota still allows (below zero too, where it is soft), what fills it now, and what it owes."""
    wallet = find(customer_id=customer_id, unit=unit)
    if wallet is None:
        return Left(0, 0, 0)
    (available,) = calls.row("SELECT wallets_available(%s, %s)", [wallet.pk, now])
    live = CreditGrant.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), wallet=wallet)
    owed = WalletDebt.objects.filter(wallet=wallet, remaining__gt=0)
    return Left(
        available,
        live.aggregate(total=Sum("amount"))["total"] or 0,
        owed.aggregate(total=Sum("remaining"))["total"] or 0,
    )
