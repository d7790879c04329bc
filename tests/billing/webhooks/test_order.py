"""Events of one payment in any order, repeated, and of payments that take days: the same end, credited once."""

import itertools
from typing import Any

import pytest
from django.test import Client
from djstripe.models import WebhookEndpoint, WebhookEventTrigger

from billing.models import QuarantinedEvent, TopUp
from billing.operations import payments
from tests.support.checkout import NOW, ask, pay
from tests.support.people import open_customer, sign_up
from tests.support.processes import StripeStandin
from tests.support.webhooks import event_of, register, send
from wallets import chart, queries
from wallets.models import Entry, Transaction

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

EVENTS = ("payment_intent.succeeded", "charge.succeeded", "checkout.session.completed")


class Door:
    """Delivers events through the front door, and does the jobs that follow at once."""

    def __init__(self, client: Client, endpoint: WebhookEndpoint, capture: Any) -> None:
        self.client, self.endpoint, self.capture = client, endpoint, capture

    def deliver(self, event: dict[str, Any]) -> None:
        """Deliver an event; do its jobs."""
        with self.capture() as callbacks:
            assert send(self.client, self.endpoint, event).status_code == 200
        for call in callbacks:
            if hasattr(call, "args") and call.args[0] == "billing.fulfil_checkout":
                payments.fulfil(session_id=call.args[-1]["session_id"], now=NOW)


@pytest.fixture
def door(client: Client, stripe_standin: StripeStandin, django_capture_on_commit_callbacks: Any) -> Door:
    """Register our endpoints, and deliver there."""
    return Door(client, register(), django_capture_on_commit_callbacks)


def available(top_up: TopUp) -> int:
    """Give what its wallet can spend."""
    return queries.balance(wallet=top_up.wallet, now=NOW).available


def assert_credited_once(top_up: TopUp) -> None:
    """Check the one end that every order must come to."""
    top_up.refresh_from_db()
    assert (top_up.status, top_up.failure, top_up.fee_cents) == (TopUp.Status.PAID, "", 59)
    assert Transaction.objects.filter(kind="topup").count() == 1
    assert available(top_up) == top_up.paid_credits
    assert queries.platform_balance(chart.STRIPE_CASH) == -9_410_000
    assert not QuarantinedEvent.objects.exists()


@pytest.mark.parametrize("order", list(itertools.permutations(EVENTS)))
def test_any_order_with_duplicates_credits_once(
    door: Door, stripe_standin: StripeStandin, order: tuple[str, ...]
) -> None:
    top_up = ask(open_customer())
    pay(stripe_standin, top_up.stripe_session_id)
    events = [event_of(type_) for type_ in order]

    for event in [*events, *events, events[0], *reversed(events)]:
        door.deliver(event)

    assert_credited_once(top_up)
    assert WebhookEventTrigger.objects.filter(processed=True).count() >= len(EVENTS)


@pytest.fixture
def unpaid(stripe_standin: StripeStandin, door: Door) -> TopUp:
    """Let Bob complete a checkout with a method whose money takes days; deliver what Stripe says of it."""
    _, bob = sign_up()
    top_up = ask(bob)
    pay(stripe_standin, top_up.stripe_session_id, unpaid=True)
    door.deliver(event_of("checkout.session.completed"))
    return top_up


def settled(standin: StripeStandin, top_up: TopUp, outcome: str) -> dict[str, Any]:
    """Decide a payment under way; give the event that tells of it."""
    standin.post(f"/_sim/checkout/sessions/{top_up.stripe_session_id}/settle", outcome=outcome)
    return event_of(f"checkout.session.async_payment_{outcome}")


def test_completed_while_unpaid_credits_nothing(unpaid: TopUp) -> None:
    unpaid.refresh_from_db()
    assert (unpaid.status, unpaid.payment_intent_id) == (TopUp.Status.PENDING, None)
    assert not Entry.objects.exists()


def test_a_payment_that_succeeds_days_later_credits_once(
    door: Door, unpaid: TopUp, stripe_standin: StripeStandin
) -> None:
    completed = event_of("checkout.session.completed")
    succeeded = settled(stripe_standin, unpaid, "succeeded")

    for event in (succeeded, completed, succeeded, completed):
        door.deliver(event)

    assert_credited_once(unpaid)


def test_a_payment_that_fails_days_later_credits_nothing_and_says_so(
    client: Client, door: Door, unpaid: TopUp, stripe_standin: StripeStandin
) -> None:
    completed = event_of("checkout.session.completed")
    failed = settled(stripe_standin, unpaid, "failed")

    for event in (failed, completed, failed):
        door.deliver(event)

    unpaid.refresh_from_db()
    assert unpaid.status == TopUp.Status.FAILED
    assert not Entry.objects.exists()
    client.force_login(unpaid.customer.members.get())
    page = client.get(f"/wallet/add/{unpaid.public_id}/")
    assert page.status_code == 200
    assert unpaid.failure in page.content.decode()
    assert "You were not charged" in page.content.decode()
