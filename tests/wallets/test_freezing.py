"""Freezing what is left of a disputed payment's credits, and giving it back: freezing.freeze and thaw."""

import datetime as dt

import pytest
from django.db import transaction

from tests.support.ledger import CREDIT, MONDAY, buy, open_consumer_wallet
from tests.support.races import race
from wallets import chart, freezing, grants, holds, queries
from wallets.calls import InsufficientCreditsError
from wallets.ledger import Source
from wallets.models import CreditGrant, FrozenLot, Transaction, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

DISPUTE = Source("dispute", "dp_1")
TEN_DOLLARS = 10_000_000
TOMORROW = MONDAY + dt.timedelta(days=1)
ALL = 11_000 * CREDIT


def bought(*, payment: str = "pi_1", bonus_ends: dt.datetime | None = None) -> tuple[Wallet, list[int]]:
    """Give a wallet with a purchase of 10,000 credits and 1,000 of bonus, and its lots, bonus last."""
    wallet = open_consumer_wallet()
    buy(wallet, bonus_credits=1_000, payment=payment, bonus_expires_at=bonus_ends)
    lots = CreditGrant.objects.filter(source_id=payment).order_by("id")
    return wallet, list(lots.values_list("pk", flat=True))


def freeze(lots: list[int], *, most: int = ALL, source: Source = DISPUTE) -> int:
    """Dispute ten dollars."""
    with transaction.atomic():
        return freezing.freeze(
            grant_ids=lots, most=most, cash=TEN_DOLLARS, source=source, actor="test", now=MONDAY
        )


def win(*, now: dt.datetime = TOMORROW) -> int:
    """Win the dispute."""
    with transaction.atomic():
        return freezing.thaw(
            kind="dispute_won",
            source=DISPUTE,
            actor="test",
            now=now,
            cash=TEN_DOLLARS,
            returned=TEN_DOLLARS,
        )


def available(wallet: Wallet) -> int:
    """Give what it can spend, in credits."""
    return queries.balance(wallet=Wallet.objects.get(pk=wallet.pk), now=MONDAY).available // CREDIT


def place(wallet: Wallet, credits: int, name: str = "e1") -> int:
    """Hold credits for a run."""
    return holds.place(
        wallet_ids=[wallet.pk],
        amount=credits * CREDIT,
        source=Source("execution", name),
        expires_at=TOMORROW,
        now=MONDAY,
    ).hold_id


def test_it_sets_the_rest_aside_once_and_gives_it_back_once() -> None:
    wallet, lots = bought()

    assert [freeze(lots), freeze(lots)] == [ALL, ALL]

    assert available(wallet) == 0
    assert queries.platform_balance(chart.DISPUTED) == ALL
    assert queries.platform_balance(chart.DISPUTES) == -TEN_DOLLARS
    assert queries.platform_balance(chart.STRIPE_CASH) == 0
    assert queries.platform_balance(chart.DEFERRED) == TEN_DOLLARS
    assert [win(), win()] == [ALL, 0]
    assert available(wallet) == 11_000
    assert queries.platform_balance(chart.DISPUTED) == queries.platform_balance(chart.DISPUTES) == 0
    assert not FrozenLot.objects.filter(thawed_at=None).exists()


def test_it_takes_the_bonus_first_and_no_more_than_is_disputed() -> None:
    wallet, lots = bought()

    assert freeze(lots, most=1_500 * CREDIT) == 1_500 * CREDIT

    paid, bonus = CreditGrant.objects.order_by("id")
    assert (paid.frozen, bonus.frozen) == (500 * CREDIT, 1_000 * CREDIT)
    assert available(wallet) == 9_500


def test_it_leaves_holds_what_they_lean_on_and_other_purchases_alone() -> None:
    wallet, lots = bought()
    place(wallet, 2_000)
    buy(wallet, payment="pi_2")

    # The hold leans on the bonus, then on the oldest paid credits.
    assert freeze(lots) == 9_000 * CREDIT

    assert available(wallet) == 10_000
    with pytest.raises(InsufficientCreditsError):
        place(wallet, 10_001, "e2")


def test_frozen_credits_neither_burn_nor_expire_until_they_thaw() -> None:
    ends = MONDAY + dt.timedelta(hours=1)
    wallet, lots = bought(bonus_ends=ends)
    freeze(lots)

    assert grants.expire_due(wallet_id=wallet.pk, now=TOMORROW) == 0
    win(now=TOMORROW)

    paid, bonus = CreditGrant.objects.order_by("id")
    assert (bonus.frozen, bonus.expired, bonus.cash_remaining) == (0, 1_000 * CREDIT, 0)
    assert (paid.remaining, paid.cash_remaining) == (10_000 * CREDIT, 9_090_909)
    assert available(wallet) == 10_000


def test_a_spent_purchase_has_nothing_to_freeze_and_its_cash_is_disputed_all_the_same() -> None:
    wallet, lots = bought()
    with transaction.atomic():
        holds.capture(
            wallet_id=wallet.pk,
            amount=ALL,
            hold_id=None,
            source=Source("execution", "e1"),
            actor="test",
            now=MONDAY,
        )

    assert freeze(lots) == 0
    assert queries.platform_balance(chart.DISPUTES) == -TEN_DOLLARS
    assert win() == 0
    assert queries.platform_balance(chart.STRIPE_CASH) == -TEN_DOLLARS


@pytest.mark.django_db(transaction=True)
def test_many_at_once_freeze_once_beside_spenders(no_deadlocks: None) -> None:
    wallet, lots = bought()

    def call(number: int) -> object:
        return freeze(lots) if number % 2 else place(wallet, 1_000, f"e{number}")

    answers = race(8, call)

    frozen = (
        CreditGrant.objects.get(funding_class="bonus").frozen + CreditGrant.objects.get(pk=lots[0]).frozen
    )
    held = Wallet.objects.get(pk=wallet.pk).held
    assert all(isinstance(answer, int | InsufficientCreditsError) for answer in answers)
    assert 0 < frozen + held <= ALL
    assert Wallet.objects.get(pk=wallet.pk).balance == ALL - frozen
    assert Transaction.objects.filter(kind="dispute_opened").count() == 1
