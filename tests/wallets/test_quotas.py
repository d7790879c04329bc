"""A quota is a wallet of a meter's unit: filled once a cause, run out with its period, never mixed with money."""

import datetime as dt

import pytest
from django.db import Error, transaction

from config.kit.errors import InvalidInputError
from tests.support.ledger import CREDIT, MONDAY
from tests.support.races import race
from wallets import grants, queries, quotas
from wallets.chart import PlatformWallet
from wallets.ledger import Source
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
UNIT = "EXECUTION"
NEXT_MONTH = MONDAY + dt.timedelta(days=31)


def fill(amount: int = 100, *, source: str = "period_1", unit: str = UNIT) -> bool:
    """Fill customer 1's quota; tell whether it had been."""
    return quotas.grant(
        customer_id=1,
        unit=unit,
        amount=amount * CREDIT,
        source=Source("period", source),
        expires_at=NEXT_MONTH,
        now=MONDAY,
    ).replayed


def left(*, now: dt.datetime = MONDAY, unit: str = UNIT) -> tuple[int, int, int]:
    """What customer 1 has left, was granted, owes."""
    found = quotas.left(customer_id=1, unit=unit, now=now)
    return found.available // CREDIT, found.granted // CREDIT, found.debt // CREDIT


def test_it_is_filled() -> None:
    assert fill() is False

    assert left() == (100, 100, 0)
    assert queries.platform_balance(PlatformWallet(UNIT, "issued")) == -100 * CREDIT


def test_one_cause_fills_it_once() -> None:
    fill()

    assert fill() is True
    assert left() == (100, 100, 0)


def test_one_cause_fills_several_quotas() -> None:
    fill()
    fill(7, unit="BUILD_MINUTES")

    assert (left(), left(unit="BUILD_MINUTES")) == ((100, 100, 0), (7, 7, 0))


def test_nobody_has_a_quota_that_was_not_opened() -> None:
    assert left() == (0, 0, 0)


def test_it_runs_out_with_its_period() -> None:
    fill()
    fill(50, source="period_2")

    assert left(now=NEXT_MONTH) == (0, 0, 0)
    wallet = Wallet.objects.get(owner_type="consumer", unit=UNIT)
    assert grants.expire_due(wallet_id=wallet.pk, now=NEXT_MONTH) == 150 * CREDIT
    assert queries.platform_balance(PlatformWallet(UNIT, "expired")) == 150 * CREDIT


def test_it_is_no_balance_of_credits() -> None:
    fill()

    assert queries.consumer_wallet(customer_id=1) is None
    assert queries.customer_balance(customer_id=1, now=MONDAY) is None


@pytest.mark.parametrize("unit", ["CREDITS", "USD", "", "execution", "A B", "X" * 21])
def test_it_refuses_a_unit_that_is_no_meters(unit: str) -> None:
    with pytest.raises(Error, match="no meter's unit"), transaction.atomic():
        quotas.open_quota(customer_id=1, unit=unit, now=MONDAY)


@pytest.mark.parametrize("amount", [0, -1])
def test_it_refuses_to_fill_with_nothing(amount: int) -> None:
    with pytest.raises(InvalidInputError):
        fill(amount)


@pytest.mark.django_db(transaction=True)
def test_it_opens_and_fills_once_however_many_call() -> None:
    answers = race(12, lambda _: fill())

    assert sorted(answers, key=str) == [False] + [True] * 11
    assert left() == (100, 100, 0)
