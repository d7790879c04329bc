"""Read wallets: balances with their grants, statements."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import F, QuerySet

from accounts.keys import OPENS
from wallets import calls
from wallets.chart import CONSUMER, PlatformWallet
from wallets.models import CreditGrant, Entry, Wallet
from wallets.money import CREDITS

BALANCE: Final = "SELECT * FROM wallets_balance(%s, %s)"
BALANCE_STILL: Final = f"""
    SELECT b.* FROM accounts_apikey k CROSS JOIN LATERAL wallets_balance(k.customer_id, %s) b WHERE {OPENS}
"""  # noqa: S608  (constants)


@dataclass(frozen=True)
class Grant:
    """A grant with something left, as its owner sees it."""

    id: str
    funding_class: str
    scope: str
    remaining: int
    expires_at: dt.datetime | None


@dataclass(frozen=True)
class Balance:
    """What a wallet has: balance - reserved = available; owed is what is below zero."""

    wallet: str
    balance: int
    reserved: int
    available: int
    owed: int
    grants: tuple[Grant, ...]


def consumer_wallet(*, customer_id: int) -> Wallet | None:
    """Find a customer's own wallet, the one that is good everywhere."""
    return Wallet.objects.filter(
        owner_type=Wallet.OwnerType.CONSUMER,
        owner_id=customer_id,
        unit=CREDITS,
        kind=CONSUMER,
        scope="",
    ).first()


def consumer_wallets(*, customer_id: int) -> QuerySet[Wallet]:
    """All wallets of a customer: its own and the scoped ones, its own first."""
    return Wallet.objects.filter(
        owner_type=Wallet.OwnerType.CONSUMER,
        owner_id=customer_id,
        unit=CREDITS,
        kind=CONSUMER,
    ).order_by("scope")


def balance(*, wallet: Wallet, now: dt.datetime) -> Balance:
    """Read what a wallet has at this moment; grants that have run out count no more."""
    # One statement, one snapshot: what is due to expire belongs to the balance it is taken from.
    total, held = calls.row(
        "SELECT wallets_available(id, %s) - overdraft_limit + held, held FROM wallets_wallet WHERE id = %s",
        [now, wallet.pk],
    )
    grants = CreditGrant.objects.filter(wallet=wallet, remaining__gt=0).exclude(expires_at__lte=now)
    live = grants.select_related("wallet").order_by(F("expires_at").asc(nulls_last=True), "id")
    return _balance(wallet.public_id, total, held, [_grant(grant) for grant in live])


def customer_balance(*, customer_id: int, now: dt.datetime) -> Balance | None:
    """Read a customer's own wallet in one query, the grants of its scoped ones beside it; None: it has none yet."""
    return _customer_balance(BALANCE, [customer_id, now])


def customer_balance_still(*, digest: bytes, now: dt.datetime) -> Balance | None:
    """Read the balance of the customer whose key this is, where it still opens; None too: there is no wallet yet."""
    return _customer_balance(BALANCE_STILL, [now, digest, now])


def _customer_balance(statement: str, parameters: list[Any]) -> Balance | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    if not rows:
        return None
    wallet, total, held = rows[0][:3]
    return _balance(wallet, total, held, [Grant(*row[3:]) for row in rows if row[3] is not None])


def _balance(wallet: str, total: int, held: int, grants: list[Grant]) -> Balance:
    return Balance(
        wallet=wallet,
        balance=total,
        reserved=held,
        available=total - held,
        owed=max(-total, 0),
        grants=tuple(grants),
    )


def _grant(grant: CreditGrant) -> Grant:
    return Grant(
        id=grant.public_id,
        funding_class=grant.funding_class,
        scope=grant.wallet.scope,
        remaining=grant.remaining,
        expires_at=grant.expires_at,
    )


def statement(
    *,
    wallet_ids: list[int],
    type: str = "",  # noqa: A002  (the contract's own word)
    kind: str = "",
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> QuerySet[Entry]:
    """Select the movements of wallets, with their transactions; the caller orders and pages them."""
    entries = Entry.objects.filter(wallet__in=wallet_ids).select_related("transaction", "wallet")
    if type:
        entries = entries.filter(amount__gt=0) if type == "credit" else entries.filter(amount__lt=0)
    if kind:
        entries = entries.filter(transaction__kind=kind)
    if since:
        entries = entries.filter(transaction__recorded_at__gte=since)
    if until:
        entries = entries.filter(transaction__recorded_at__lt=until)
    return entries


def wallets_with_due_grants(*, now: dt.datetime, limit: int) -> list[int]:
    """List wallets with a grant to expire; those whose holds lean on it come again until they close."""
    due = Wallet.objects.filter(next_expiry__lte=now, balance__gt=F("held"))
    return list(due.order_by("next_expiry").values_list("pk", flat=True)[:limit])


def platform_balance(wallet: PlatformWallet) -> int:
    """Sum the entries of a platform wallet."""
    (total,) = calls.row(
        "SELECT coalesce(sum(amount), 0)::bigint FROM wallets_entry"
        " WHERE wallet_id = wallets_platform(%s, %s)",
        [wallet.unit, wallet.kind],
    )
    return int(total)
