"""Events of a period that is billed already: an adjustment on the next invoice."""

import datetime as dt

import pytest

from accounts.models import Customer
from billing.models import InvoiceLine, MeterReversal, Subscription
from billing.operations.settlement import OccurredAtError
from tests.support import meters, people, plans
from tests.support.checkout import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

A_DAY = dt.timedelta(days=1)
DOLLAR = 1_000_000
# At 50 cents a million.
MILLION = 1_000_000


@pytest.fixture
def bob() -> Customer:
    """A customer whose tokens are billed when a month has closed."""
    plans.on_sale()
    bob = people.open_customer("bob")
    plans.attach(bob, "tokens")
    return bob


def used(bob: Customer, millions: int, *, at: dt.datetime, now: dt.datetime, event_id: str = "") -> None:
    """Report input tokens."""
    tokens = {"input_tokens": millions * MILLION, "output_tokens": 0}
    meters.report(bob, "llm.completed", at=at, now=now, event_id=event_id, **tokens)


def end_of(number: int, bob: Customer) -> dt.datetime:
    """Give the end of one of Bob's periods."""
    return Subscription.objects.get(customer=bob).periods.get(number=number).ends_at


def lines(kind: str) -> list[tuple[str, int]]:
    """Tell the lines of a kind that charge something."""
    rows = (
        InvoiceLine.objects.filter(kind=kind, metric="input_tokens").exclude(amount_micros=0).order_by("pk")
    )
    return list(rows.values_list("metric", "amount_micros"))


def test_a_late_event_is_billed_with_the_next_period(bob: Customer) -> None:
    used(bob, 2, at=NOW, now=NOW)
    first = end_of(0, bob)
    plans.renew(now=first)
    assert lines("usage") == [("input_tokens", 1 * DOLLAR)]

    used(bob, 4, at=first - A_DAY, now=first + A_DAY)
    used(bob, 6, at=first + A_DAY, now=first + A_DAY)
    plans.renew(now=end_of(1, bob))

    assert lines("usage") == [("input_tokens", 1 * DOLLAR), ("input_tokens", 3 * DOLLAR)]
    assert lines("adjustment") == [("input_tokens", 2 * DOLLAR)]

    plans.renew(now=end_of(2, bob))

    assert lines("adjustment") == [("input_tokens", 2 * DOLLAR)]


def test_what_is_taken_back_is_given_back(bob: Customer) -> None:
    used(bob, 2, at=NOW + 20 * A_DAY, now=NOW + 20 * A_DAY, event_id="wrong")
    first = end_of(0, bob)
    plans.renew(now=first)

    meters.report(bob, "llm.completed.reversed", now=first + A_DAY, reverses="wrong")
    plans.renew(now=end_of(1, bob))

    assert lines("adjustment") == [("input_tokens", -1 * DOLLAR)]


def test_what_happened_too_long_ago_is_not_taken_back(bob: Customer) -> None:
    used(bob, 2, at=NOW, now=NOW, event_id="wrong")

    outcome = meters.report(bob, "llm.completed.reversed", now=NOW + 36 * A_DAY, reverses="wrong")

    assert isinstance(outcome, OccurredAtError)
    assert not MeterReversal.objects.exists()
