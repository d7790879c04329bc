"""Build wallets with money in them, through the ledger's own operations."""

import datetime as dt

from django.db import transaction

from wallets import chart, grants, ledger, money, operations
from wallets.ledger import Leg, Source
from wallets.models import Wallet

MONDAY = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
CREDIT = money.MICRO


def open_consumer_wallet(*, owner_id: int = 1) -> Wallet:
    """Open a consumer's wallet without money."""
    return operations.open_wallet(owner_type="consumer", owner_id=owner_id, now=MONDAY)


def open_creator_wallet(*, owner_id: int = 1, kind: str = chart.PENDING) -> Wallet:
    """Open one of a creator's wallets."""
    return operations.open_wallet(owner_type="creator", owner_id=owner_id, kind=kind, now=MONDAY)


def buy(
    wallet: Wallet,
    *,
    cents: int = 1000,
    bonus_credits: int = 0,
    payment: str = "pi_1",
    now: dt.datetime = MONDAY,
    bonus_expires_at: dt.datetime | None = None,
) -> None:
    """Book a paid top-up as the ledger's chart says, with the price spread over all its credits."""
    paid, bonus = money.cents_to_credits(cents), bonus_credits * CREDIT
    cash = money.cents_to_micros(cents)
    paid_cash, bonus_cash = money.largest_remainder(cash, [paid, bonus])
    source = Source("payment_intent", payment)
    legs = [
        Leg(chart.STRIPE_CASH, -cash),
        Leg(chart.DEFERRED, cash),
        Leg(chart.ISSUED["paid"], -paid),
        Leg(chart.ISSUED["bonus"], -bonus),
        Leg(wallet.pk, paid + bonus),
    ]
    with transaction.atomic():
        ledger.post(kind="topup", source=source, actor="test", legs=legs, now=now)
        grants.add(
            wallet_id=wallet.pk, funding_class="paid", amount=paid, cash=paid_cash, source=source, now=now
        )
        if bonus:
            grants.add(
                wallet_id=wallet.pk,
                funding_class="bonus",
                amount=bonus,
                cash=bonus_cash,
                source=source,
                now=now,
                expires_at=bonus_expires_at,
            )


def promise(
    wallet: Wallet, *, credits: int, source: str = "promo_1", expires_at: dt.datetime | None = None
) -> None:
    """Give promotional credits."""
    with transaction.atomic():
        grants.give(
            wallet=wallet,
            funding_class="promo",
            amount=credits * CREDIT,
            source=Source("promo", source),
            actor="test",
            now=MONDAY,
            reason="a test",
            expires_at=expires_at,
        )
