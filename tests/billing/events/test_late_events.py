"""Events of a period that is billed already: an adjustment on the next invoice."""

import datetime as dt

import pytest

from accounts.models import Customer
from billing.models import Invoice, InvoiceLine, MeterReversal, Subscription
from billing.operations.settlement import OccurredAtError
from billing.operations.subscriptions import cancelling, late
from tests.support import meters, people, plans
from tests.support.checkout import NOW
from tests.support.invoicing import with_card
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

A_DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
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


def test_who_has_left_is_billed_for_it_on_a_last_invoice(
    bob: Customer, stripe_standin: StripeStandin
) -> None:
    with_card(bob)
    used(bob, 4, at=NOW, now=NOW)
    subscription = Subscription.objects.get(customer=bob)
    left_at = NOW + 10 * A_DAY
    cancelling.at_once(subscription_id=subscription.pk, actor="bob", now=left_at)
    plans.settle_up(now=left_at + A_DAY)
    assert [one.total_cents for one in Invoice.objects.filter(state="paid")] == [200]

    # The last one that is taken in, thirty-five days after it happened; a later one is refused.
    last = left_at + 35 * A_DAY
    used(bob, 6, at=left_at - A_DAY, now=left_at + 20 * A_DAY)
    used(bob, 2, at=left_at - HOUR, now=last - HOUR)
    assert late.sweep(now=last) == 0
    read_at = last + A_DAY
    read = [late.sweep(now=read_at) for _ in range(2)]
    plans.settle_up(now=read_at + A_DAY)

    assert read == [1, 0]
    assert lines("adjustment") == [("input_tokens", 4 * DOLLAR)]
    invoices = Invoice.objects.order_by("pk")
    assert [(one.state, one.total_cents) for one in invoices] == [("paid", 200), ("paid", 400)]
    assert subscription.periods.get().read_at == read_at
