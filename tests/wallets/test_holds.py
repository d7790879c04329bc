"""wallets.holds: claims on a wallet that close once."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import transaction

from tests.support.ledger import CREDIT, MONDAY, buy, open_consumer_wallet, promise
from wallets import holds, queries
from wallets.calls import HoldClosedError, InsufficientCreditsError
from wallets.ledger import Source
from wallets.models import Hold, Transaction, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

HOUR = dt.timedelta(hours=1)


def place(wallet: Wallet, credits: int, run: str = "exe_1", now: dt.datetime = MONDAY) -> holds.Placed:
    return holds.place(
        wallet_ids=[wallet.pk],
        amount=credits * CREDIT,
        source=Source("execution", run),
        expires_at=now + HOUR,
        now=now,
    )


def capture(wallet: Wallet, credits: int, hold_id: int | None, run: str = "exe_1") -> holds.Captured:
    return holds.capture(
        wallet_id=wallet.pk,
        amount=credits * CREDIT,
        hold_id=hold_id,
        source=Source("execution", run),
        actor="test",
        now=MONDAY,
    )


def test_a_hold_reserves_and_moves_no_entry() -> None:
    wallet = open_consumer_wallet()
    buy(wallet)

    placed = place(wallet, 3)

    balance = queries.balance(wallet=wallet, now=MONDAY)
    assert (balance.balance, balance.reserved, balance.available) == (
        10_000 * CREDIT,
        3 * CREDIT,
        9_997 * CREDIT,
    )
    assert placed.available == 9_997 * CREDIT
    assert Transaction.objects.count() == 1


def test_w5_a_balance_of_145_50_with_a_hold_of_3() -> None:
    wallet = open_consumer_wallet()
    buy(wallet, cents=14_550)

    place(wallet, 3_000)

    balance = queries.balance(wallet=wallet, now=MONDAY)
    assert (balance.available, balance.reserved) == (142_500 * CREDIT, 3_000 * CREDIT)


def test_it_refuses_what_is_not_available_and_says_how_much_is_missing() -> None:
    wallet = open_consumer_wallet()
    buy(wallet, cents=100)
    place(wallet, 999)

    with pytest.raises(InsufficientCreditsError) as refusal:
        place(wallet, 2, run="exe_2")

    assert refusal.value.extra["shortfall"] == {"credits": "1", "usd": "0.001"}
    assert Hold.objects.count() == 1


def test_it_takes_the_first_wallet_that_covers_it() -> None:
    own, scoped = open_consumer_wallet(owner_id=1), open_consumer_wallet(owner_id=2)
    buy(own)
    promise(scoped, credits=10)

    small = holds.place(
        wallet_ids=[scoped.pk, own.pk],
        amount=10 * CREDIT,
        source=Source("execution", "exe_1"),
        expires_at=MONDAY + HOUR,
        now=MONDAY,
    )
    large = holds.place(
        wallet_ids=[scoped.pk, own.pk],
        amount=11 * CREDIT,
        source=Source("execution", "exe_2"),
        expires_at=MONDAY + HOUR,
        now=MONDAY,
    )

    assert (small.wallet_id, large.wallet_id) == (scoped.pk, own.pk)


def test_a_settlement_takes_its_charge_and_releases_the_rest() -> None:
    wallet = open_consumer_wallet()
    buy(wallet)
    placed = place(wallet, 100)

    captured = capture(wallet, 40, placed.hold_id)

    balance = queries.balance(wallet=wallet, now=MONDAY)
    assert (balance.balance, balance.reserved) == (9_960 * CREDIT, 0)
    assert captured.available == 9_960 * CREDIT


def test_a_settlement_of_nothing_closes_the_hold_without_a_transaction() -> None:
    wallet = open_consumer_wallet()
    buy(wallet)
    placed = place(wallet, 100)

    captured = capture(wallet, 0, placed.hold_id)

    assert captured.transaction_id is None
    assert Hold.objects.get().state == "settled"
    assert queries.balance(wallet=wallet, now=MONDAY).available == 10_000 * CREDIT


def test_above_the_hold_it_takes_from_available_or_nothing() -> None:
    wallet = open_consumer_wallet()
    buy(wallet, cents=100)
    first, second = place(wallet, 100), place(wallet, 800, run="exe_2")

    with pytest.raises(InsufficientCreditsError), transaction.atomic():
        capture(wallet, 201, first.hold_id)
    captured = capture(wallet, 200, first.hold_id)

    assert captured.available == 0
    assert Hold.objects.get(pk=second.hold_id).state == "open"


@pytest.mark.parametrize("close", [holds.release, holds.expire])
def test_a_hold_closes_once(close: Callable[..., bool]) -> None:
    wallet = open_consumer_wallet()
    buy(wallet)
    placed = place(wallet, 100)

    assert close(hold_id=placed.hold_id, now=MONDAY)
    assert not holds.release(hold_id=placed.hold_id, now=MONDAY)
    with pytest.raises(HoldClosedError), transaction.atomic():
        capture(wallet, 1, placed.hold_id)

    assert queries.balance(wallet=wallet, now=MONDAY).available == 10_000 * CREDIT
