"""The ledger's housekeeping: grants expire when due, the proof leaves its result."""

import datetime as dt

import pytest
import time_machine

from tests.support.ledger import CREDIT, MONDAY, buy, open_consumer_wallet, promise
from wallets import books, holds, tasks
from wallets.ledger import Source
from wallets.models import BooksCheck, CreditGrant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

DAY = dt.timedelta(days=1)


def test_it_expires_what_is_due_once() -> None:
    promise(open_consumer_wallet(), credits=5, expires_at=MONDAY + DAY)

    with time_machine.travel(MONDAY + 2 * DAY, tick=False):
        assert tasks.expire_grants() == 1
        assert tasks.expire_grants() == 0

    assert CreditGrant.objects.get().expired == 5 * CREDIT


def test_it_leaves_what_is_not_due_and_what_a_hold_leans_on() -> None:
    buy(open_consumer_wallet(owner_id=2), bonus_credits=5, bonus_expires_at=MONDAY + 9 * DAY)
    wallet = open_consumer_wallet()
    promise(wallet, credits=5, expires_at=MONDAY + DAY)
    holds.place(
        wallet_ids=[wallet.pk],
        amount=5 * CREDIT,
        source=Source("execution", "e"),
        expires_at=MONDAY + 9 * DAY,
        now=MONDAY,
    )

    with time_machine.travel(MONDAY + 2 * DAY, tick=False):
        assert tasks.expire_grants() == 0

    assert not CreditGrant.objects.filter(expired__gt=0).exists()


def test_the_proof_is_kept_for_the_admin() -> None:
    assert tasks.check_books() == 0

    assert BooksCheck.objects.count() == len(books.invariants())
    assert not BooksCheck.objects.exclude(violations=0).exists()
