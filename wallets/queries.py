"""Read wallets: balances with their grants, statements."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import F, QuerySet

from wallets import calls
from wallets.chart import CONSUMER, PlatformWallet
from wallets.models import CreditGrant, Entry, Wallet
from wallets.money import CREDITS


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
    return _balance(wallet, CreditGrant.objects.filter(wallet=wallet), now)


def customer_balance(*, wallet: Wallet, now: dt.datetime) -> Balance:
    """Read a customer's own wallet; the grants of its scoped wallets stand beside its own."""
    wallets = consumer_wallets(customer_id=wallet.owner_id).order_by()
    return _balance(wallet, CreditGrant.objects.filter(wallet__in=wallets), now)


def _balance(wallet: Wallet, grants: QuerySet[CreditGrant], now: dt.datetime) -> Balance:
    # One statement, one snapshot: what is due to expire belongs to the balance it is taken from.
    total, held = calls.row(
        "SELECT wallets_available(id, %s) - overdraft_limit + held, held FROM wallets_wallet WHERE id = %s",
        [now, wallet.pk],
    )
    live = grants.filter(remaining__gt=0).exclude(expires_at__lte=now).select_related("wallet")
    return Balance(
        wallet=wallet.public_id,
        balance=total,
        reserved=held,
        available=total - held,
        owed=max(-total, 0),
        grants=tuple(_grant(grant) for grant in live.order_by(F("expires_at").asc(nulls_last=True), "id")),
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
