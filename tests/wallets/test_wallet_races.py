"""Many at once on one wallet: exactly what is there is given out."""

import pytest

from tests.support.ledger import CREDIT, MONDAY, buy, open_consumer_wallet, promise
from tests.support.races import race
from wallets import holds, operations, queries
from wallets.calls import HoldClosedError, InsufficientCreditsError
from wallets.holds import Captured, Placed
from wallets.ledger import Posted, Source
from wallets.models import CreditGrant, Hold, Transaction

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books"), pytest.mark.faults]

LATER = MONDAY.replace(day=9)


@pytest.mark.parametrize("covered", [0, 1, 7, 100])
def test_exactly_as_many_holds_as_there_are_credits(covered: int) -> None:
    wallet = open_consumer_wallet()
    if covered:
        promise(wallet, credits=covered)

    def place(number: int) -> Placed:
        source = Source("execution", f"exe_{number}")
        return holds.place(wallet_ids=[wallet.pk], amount=CREDIT, source=source, expires_at=LATER, now=MONDAY)

    answers = race(200, place)

    assert sum(isinstance(answer, Placed) for answer in answers) == covered
    assert sum(isinstance(answer, InsufficientCreditsError) for answer in answers) == 200 - covered
    assert queries.balance(wallet=wallet, now=MONDAY).available == 0


def test_settle_release_and_expire_at_once_leave_one_end() -> None:
    wallet = open_consumer_wallet()
    buy(wallet)
    for number in range(30):
        source = Source("execution", f"exe_{number}")
        placed = holds.place(
            wallet_ids=[wallet.pk], amount=CREDIT, source=source, expires_at=LATER, now=MONDAY
        )

        def close(caller: int, hold_id: int = placed.hold_id, source: Source = source) -> bool | Captured:
            if caller % 3 == 0:
                return holds.capture(
                    wallet_id=wallet.pk,
                    amount=CREDIT,
                    hold_id=hold_id,
                    source=source,
                    actor="test",
                    now=MONDAY,
                )
            return (holds.release if caller % 3 == 1 else holds.expire)(hold_id=hold_id, now=MONDAY)

        answers = race(6, close)

        ends = [a for a in answers if a is True or isinstance(a, Captured)]
        assert len(ends) == 1
        assert all(isinstance(a, bool | Captured | HoldClosedError) for a in answers)
    assert not Hold.objects.filter(state="open").exists()


def test_one_reference_adjusts_once() -> None:
    wallet = open_consumer_wallet()

    answers = race(
        20,
        lambda _: operations.adjust(
            wallet=wallet, amount=CREDIT, reference="adj_1", reason="goodwill", actor="test", now=MONDAY
        ),
    )

    assert [a for a in answers if isinstance(a, Exception)] == []
    assert Transaction.objects.filter(kind="adjustment").count() == 1
    assert queries.balance(wallet=wallet, now=MONDAY).balance == CREDIT


def test_one_reference_takes_back_once() -> None:
    wallet = open_consumer_wallet()
    buy(wallet)
    answers = race(
        20,
        lambda _: operations.adjust(
            wallet=wallet,
            amount=-5 * CREDIT,
            reference="adj_1",
            reason="mistake",
            actor="staff:olive",
            now=MONDAY,
        ),
    )

    assert sorted(a.replayed for a in answers if isinstance(a, Posted)) == [False] + [True] * 19
    assert CreditGrant.objects.get().remaining == 9_995 * CREDIT


def test_expiry_and_spending_at_once_take_each_credit_once() -> None:
    wallet = open_consumer_wallet()
    promise(wallet, credits=50, expires_at=MONDAY.replace(day=3))

    def spend(number: int) -> Placed:
        source = Source("execution", f"exe_{number}")
        late = MONDAY.replace(day=4) if number % 2 else MONDAY
        return holds.place(wallet_ids=[wallet.pk], amount=CREDIT, source=source, expires_at=LATER, now=late)

    answers = race(40, spend)

    placed = sum(isinstance(answer, Placed) for answer in answers)
    grant = CreditGrant.objects.get()
    assert grant.remaining + grant.expired == 50 * CREDIT
    assert grant.remaining == placed * CREDIT
