"""Closed days: what comes later lands in the next open one, whichever function writes it, and races too."""

import datetime as dt
import threading

import pytest
from django.db import IntegrityError, connection, transaction

from tests.support.ledger import CREDIT, MONDAY
from wallets import chart, days
from wallets.ledger import Leg, Source, post
from wallets.models import ClosedDay, Transaction

DAY = MONDAY.date()
NEXT = dt.timedelta(days=1)
LATER = MONDAY + 3 * NEXT


def book(name: str, *, occurred_at: dt.datetime, now: dt.datetime = LATER) -> Transaction:
    legs = [Leg(chart.STRIPE_CASH, -CREDIT), Leg(chart.BANK, CREDIT)]
    found = post(
        kind="float",
        source=Source("balance_transaction", name),
        actor="test",
        legs=legs,
        now=now,
        occurred_at=occurred_at,
        description="Late",
    )
    return Transaction.objects.get(pk=found.transaction_id)


@pytest.mark.django_db
@pytest.mark.usefixtures("books")
class TestLateBookings:
    def test_it_lands_at_the_start_of_the_next_open_day(self) -> None:
        for day in (DAY, DAY + NEXT):
            days.close(day=day, actor="test", now=LATER)

        late = book("txn_1", occurred_at=MONDAY)

        assert late.occurred_at == days.end_of(day=DAY + NEXT)
        assert late.description == f"Late (of {DAY}, closed)"
        assert book("txn_2", occurred_at=MONDAY + 2 * NEXT).occurred_at == MONDAY + 2 * NEXT
        assert book("txn_3", occurred_at=MONDAY - NEXT).description == "Late"

    def test_a_day_is_closed_once_and_not_before_it_is_over(self) -> None:
        with pytest.raises(days.DayOpenError):
            days.close(day=DAY, actor="test", now=days.end_of(day=DAY))
        with pytest.raises(IntegrityError, match="was_over"), transaction.atomic():
            ClosedDay.objects.create(day=DAY, closed_by="test", closed_at=days.end_of(day=DAY))

        first = days.close(day=DAY, actor="test", now=LATER)

        assert days.close(day=DAY, actor="other", now=LATER + NEXT).closed_by == first.closed_by

    def test_an_open_day_is_not_passed_over_for_a_later_closed_one(self) -> None:
        assert days.closed_up_to() is None
        for day in (DAY - 2 * NEXT, DAY - NEXT, DAY + NEXT):
            days.close(day=day, actor="test", now=LATER)

        assert days.closed_up_to() == DAY - NEXT
        days.close(day=DAY, actor="test", now=LATER)
        assert days.closed_up_to() == DAY + NEXT


@pytest.mark.django_db(transaction=True)
def test_a_booking_waits_for_a_day_that_is_being_closed() -> None:
    landed: list[dt.datetime] = []

    def late() -> None:
        landed.append(book("txn_1", occurred_at=MONDAY).occurred_at)
        connection.close()

    with transaction.atomic():
        days.keep_bookings_waiting()
        writer = threading.Thread(target=late)
        writer.start()
        writer.join(0.5)
        assert writer.is_alive()
        days.close(day=DAY, actor="test", now=LATER)
    writer.join(20)

    assert landed == [days.end_of(day=DAY)]
