"""wallets.ledger.post: the one writer of transactions that are not a run's."""

import pytest
from django.db import Error, connection, transaction

from config.kit.errors import DomainError
from tests.support.ledger import CREDIT, MONDAY, buy, open_consumer_wallet, open_creator_wallet
from wallets import chart, ledger, queries
from wallets.calls import InsufficientCreditsError
from wallets.ledger import Leg, Source
from wallets.models import Entry, Transaction

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def test_it_writes_the_entries_of_a_top_up() -> None:
    wallet = open_consumer_wallet()

    buy(wallet, cents=1000, bonus_credits=1000)

    entries = Entry.objects.filter(transaction__kind="topup").values_list("wallet__kind", "unit", "amount")
    assert set(entries) == {
        ("issued.paid", "CREDITS", -10_000 * CREDIT),
        ("issued.bonus", "CREDITS", -1_000 * CREDIT),
        ("wallet", "CREDITS", 11_000 * CREDIT),
        ("stripe_cash", "USD", -10_000_000),
        ("deferred", "USD", 10_000_000),
    }


def test_it_posts_a_cause_once() -> None:
    wallet = open_consumer_wallet()
    buy(wallet)

    legs = [Leg(chart.ISSUED["paid"], -1), Leg(wallet.pk, 1)]
    again = ledger.post(
        kind="topup", source=Source("payment_intent", "pi_1"), actor="test", legs=legs, now=MONDAY
    )

    assert again.replayed
    assert queries.balance(wallet=wallet, now=MONDAY).balance == 10_000 * CREDIT
    assert Transaction.objects.count() == 1


@pytest.mark.parametrize("amounts", [(-5, 4), (5, 5)])
def test_it_refuses_legs_that_do_not_balance(amounts: tuple[int, int]) -> None:
    wallet = open_consumer_wallet()
    legs = [Leg(chart.ISSUED["paid"], amounts[0]), Leg(wallet.pk, amounts[1])]

    with pytest.raises(Error, match="does not balance"), transaction.atomic():
        ledger.post(
            kind="topup", source=Source("payment_intent", "pi_1"), actor="test", legs=legs, now=MONDAY
        )

    assert not Transaction.objects.exists()


def test_it_refuses_a_transaction_of_nothing() -> None:
    wallet = open_consumer_wallet()
    legs = [Leg(wallet.pk, 5), Leg(wallet.pk, -5)]

    with pytest.raises(Error, match="fewer than two entries"), transaction.atomic():
        ledger.post(
            kind="topup", source=Source("payment_intent", "pi_1"), actor="test", legs=legs, now=MONDAY
        )


def test_it_refuses_what_a_wallet_does_not_have() -> None:
    wallet = open_consumer_wallet()
    buy(wallet, cents=100)
    legs = [Leg(wallet.pk, -1001 * CREDIT), Leg(chart.CLEARING, 1001 * CREDIT)]

    with pytest.raises(InsufficientCreditsError), transaction.atomic():
        ledger.post(kind="charge", source=Source("test", "1"), actor="test", legs=legs, now=MONDAY)

    assert queries.balance(wallet=wallet, now=MONDAY).balance == 1000 * CREDIT


def test_a_creators_leg_brings_its_dollars_along() -> None:
    earner = open_creator_wallet()
    consumer = open_consumer_wallet()
    buy(consumer)

    ledger.post(
        kind="posting",
        source=Source("posting", "1"),
        actor="test",
        legs=[Leg(chart.PLATFORM_SHARE, -3), Leg(earner.pk, 3)],
        plug=chart.REVENUE,
        now=MONDAY,
    )
    ledger.post(
        kind="posting",
        source=Source("posting", "2"),
        actor="test",
        legs=[Leg(chart.PLATFORM_SHARE, -1_999), Leg(earner.pk, 1_999)],
        plug=chart.REVENUE,
        now=MONDAY,
    )

    # End points, not deltas: 3 micros are worth nothing yet, 2,002 micros are worth two.
    assert queries.platform_balance(chart.OWED) == 2
    assert queries.platform_balance(chart.REVENUE) == -2


def test_it_leaves_platform_wallets_untouched() -> None:
    buy(open_consumer_wallet())

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM wallets_wallet WHERE owner_type = 'platform' AND seq + balance <> 0"
        )
        assert cursor.fetchone() == (0,)
    assert queries.platform_balance(chart.DEFERRED) == 10_000_000


def test_its_refusals_are_domain_errors() -> None:
    assert issubclass(InsufficientCreditsError, DomainError)
    assert InsufficientCreditsError.status == 402
