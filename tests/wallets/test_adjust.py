"""wallets.operations.adjust: staff changes a balance, once and with a reason."""

import pytest

from config.kit.errors import InvalidInputError
from tests.support.ledger import CREDIT, MONDAY, buy, open_consumer_wallet
from wallets import operations, queries, quotas
from wallets.calls import InsufficientCreditsError
from wallets.models import CreditGrant, Transaction, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def adjust(wallet: Wallet, credits: int, reason: str = "goodwill", reference: str = "adj_1") -> None:
    operations.adjust(
        wallet=wallet,
        amount=credits * CREDIT,
        reference=reference,
        reason=reason,
        actor="staff:olive@example.com",
        now=MONDAY,
    )


def test_it_adds_credits_of_their_own_class() -> None:
    wallet = open_consumer_wallet()

    adjust(wallet, 100)

    assert CreditGrant.objects.values_list("funding_class", "amount", "cash").get() == (
        "adjustment",
        100 * CREDIT,
        0,
    )
    assert queries.balance(wallet=wallet, now=MONDAY).available == 100 * CREDIT


def test_it_takes_credits_that_are_available() -> None:
    wallet = open_consumer_wallet()
    buy(wallet)

    adjust(wallet, -10_000)

    assert queries.balance(wallet=wallet, now=MONDAY).balance == 0


def test_it_refuses_more_than_is_available_and_changes_nothing() -> None:
    wallet = open_consumer_wallet()
    buy(wallet)

    with pytest.raises(InsufficientCreditsError):
        adjust(wallet, -10_001)

    assert queries.balance(wallet=wallet, now=MONDAY).balance == 10_000 * CREDIT


@pytest.mark.parametrize(("credits", "reason"), [(1, ""), (1, "   "), (0, "goodwill"), (1, "x" * 301)])
def test_it_refuses_no_reason_and_no_amount(credits: int, reason: str) -> None:
    with pytest.raises(InvalidInputError):
        adjust(open_consumer_wallet(), credits, reason)

    assert not Transaction.objects.exists()


@pytest.mark.parametrize("credits", [5, -5])
def test_it_refuses_a_quota(credits: int) -> None:
    quota = quotas.open_quota(customer_id=1, unit="EXECUTION", now=MONDAY)

    with pytest.raises(InvalidInputError):
        adjust(quota, credits)


@pytest.mark.parametrize("credits", [5, -5])
def test_it_happens_once_for_a_reference(credits: int) -> None:
    wallet = open_consumer_wallet()
    buy(wallet)

    adjust(wallet, credits)
    adjust(wallet, credits)

    assert queries.balance(wallet=wallet, now=MONDAY).balance == (10_000 + credits) * CREDIT
    transaction = Transaction.objects.get(kind="adjustment")
    assert (transaction.actor, transaction.description) == ("staff:olive@example.com", "goodwill")
