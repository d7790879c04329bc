"""Grants: burn order, cash that leaves with the credits, expiry and what leans on it."""

import datetime as dt

import pytest
from django.db import Error, transaction

from tests.support.ledger import CREDIT, MONDAY, buy, open_consumer_wallet, promise
from wallets import chart, grants, holds, queries
from wallets.ledger import Source
from wallets.models import CreditGrant, GrantDrawdown, Transaction, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

DAY = dt.timedelta(days=1)


def charge(
    wallet: Wallet, credits: int, *, now: dt.datetime = MONDAY, hold_id: int | None = None, run: str = "e"
) -> int:
    captured = holds.capture(
        wallet_id=wallet.pk,
        amount=credits * CREDIT,
        hold_id=hold_id,
        source=Source("execution", run),
        actor="test",
        now=now,
    )
    return captured.available


def hold(wallet: Wallet, credits: int, *, now: dt.datetime = MONDAY, run: str = "e") -> int:
    placed = holds.place(
        wallet_ids=[wallet.pk],
        amount=credits * CREDIT,
        source=Source("execution", run),
        expires_at=now + 9 * DAY,
        now=now,
    )
    return placed.hold_id


def drawn() -> list[tuple[str, int, int]]:
    rows = GrantDrawdown.objects.order_by("id").values_list("grant__funding_class", "amount", "cash")
    return [(name, amount // CREDIT, cash) for name, amount, cash in rows]


def test_it_burns_soonest_expiry_first_then_by_class_then_oldest() -> None:
    wallet = open_consumer_wallet()
    buy(wallet, cents=100, bonus_credits=50)
    promise(wallet, credits=30)
    promise(wallet, credits=20, source="promo_2", expires_at=MONDAY + 2 * DAY)

    charge(wallet, 120)

    assert [(name, amount) for name, amount, _ in drawn()] == [
        ("promo", 20),
        ("promo", 30),
        ("bonus", 50),
        ("paid", 20),
    ]


def test_the_cash_of_a_purchase_leaves_with_its_credits_and_the_last_credit_takes_all() -> None:
    wallet = open_consumer_wallet()
    buy(wallet, cents=1000, bonus_credits=1000)

    charge(wallet, 1, run="e1")
    charge(wallet, 10_999, run="e2")

    assert [(name, cash) for name, _, cash in drawn()] == [
        ("bonus", 909),
        ("bonus", 908_182),
        ("paid", 9_090_909),
    ]
    assert sum(cash for _, _, cash in drawn()) == 10_000_000
    assert not CreditGrant.objects.exclude(cash_remaining=0).exists()


def test_expiry_takes_what_is_due_and_books_breakage() -> None:
    wallet = open_consumer_wallet()
    buy(wallet, cents=1000, bonus_credits=1000, bonus_expires_at=MONDAY + DAY)

    expired = grants.expire_due(wallet_id=wallet.pk, now=MONDAY + DAY)

    assert expired == 1_000 * CREDIT
    assert queries.platform_balance(chart.BREAKAGE) == 1_000 * CREDIT
    assert queries.platform_balance(chart.BREAKAGE_INCOME) == 909_091
    assert grants.expire_due(wallet_id=wallet.pk, now=MONDAY + DAY) == 0


def test_a_balance_counts_no_expired_credits_before_the_sweep() -> None:
    wallet = open_consumer_wallet()
    promise(wallet, credits=10, expires_at=MONDAY + DAY)

    balance = queries.balance(wallet=wallet, now=MONDAY + DAY)

    assert (balance.balance, balance.available, balance.grants) == (0, 0, ())
    assert not Transaction.objects.filter(kind="expiry").exists()


def test_a_hold_leans_on_an_expiring_grant_and_may_still_burn_it() -> None:
    wallet = open_consumer_wallet()
    promise(wallet, credits=100, expires_at=MONDAY + DAY)
    leaning = hold(wallet, 60)

    assert grants.expire_due(wallet_id=wallet.pk, now=MONDAY + DAY) == 40 * CREDIT
    charge(wallet, 50, hold_id=leaning, now=MONDAY + 2 * DAY)

    # The ten it did not use expired when the hold closed.
    assert queries.balance(wallet=wallet, now=MONDAY + 2 * DAY).balance == 0
    assert queries.platform_balance(chart.BREAKAGE) == 50 * CREDIT


def test_a_hold_opened_after_the_expiry_never_burns_it() -> None:
    wallet = open_consumer_wallet()
    promise(wallet, credits=100, expires_at=MONDAY + DAY)
    hold(wallet, 100, run="early")
    buy(wallet, cents=100)

    late = hold(wallet, 100, now=MONDAY + DAY, run="late")
    charge(wallet, 100, hold_id=late, now=MONDAY + DAY, run="late")

    assert [(name, amount) for name, amount, _ in drawn()] == [("paid", 100)]


def test_a_hold_leans_on_earlier_grants_first() -> None:
    wallet = open_consumer_wallet()
    promise(wallet, credits=60, expires_at=MONDAY + DAY)
    promise(wallet, credits=60, source="promo_2", expires_at=MONDAY + 2 * DAY)
    hold(wallet, 60)

    # On Wednesday both are due; the hold keeps the one that would burn first.
    grants.expire_due(wallet_id=wallet.pk, now=MONDAY + 2 * DAY)

    left = CreditGrant.objects.filter(remaining__gt=0).values_list("source_id", flat=True)
    assert list(left) == ["promo_1"]


def test_void_takes_back_in_burn_order_and_only_what_is_available() -> None:
    wallet = open_consumer_wallet()
    buy(wallet, cents=100)
    promise(wallet, credits=10)
    hold(wallet, 500)

    with pytest.raises(Exception, match="Not enough credits"), transaction.atomic():
        _void(wallet, 511)
    _void(wallet, 510)

    assert queries.balance(wallet=wallet, now=MONDAY).available == 0
    assert queries.platform_balance(chart.REVENUE) == 500_000


def test_paid_credits_never_expire() -> None:
    wallet = open_consumer_wallet()

    with pytest.raises(Error, match="paid_never_expires"), transaction.atomic():
        grants.add(
            wallet_id=wallet.pk,
            funding_class="paid",
            amount=1,
            cash=0,
            source=Source("test", "1"),
            now=MONDAY,
            expires_at=MONDAY + DAY,
        )


def _void(wallet: Wallet, credits: int) -> None:
    grants.void(
        wallet=wallet,
        amount=credits * CREDIT,
        source=Source("adjustment", str(credits)),
        actor="test",
        now=MONDAY,
        reason="a test",
    )
