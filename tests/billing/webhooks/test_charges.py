"""What Stripe tells of charges of saved cards: taken in by the webhook, once, beside the worker and the sweeper."""

from typing import Any

import pytest
import stripe
from django.test import Client
from djstripe.models import WebhookEndpoint

from billing.models import Invoice, InvoiceNotice, InvoicePayment
from billing.operations.invoices import collecting
from billing.stripe.client import client as stripe_client
from billing.stripe.errors import StripeUnavailableError
from tests.support.invoicing import DECLINED, GOOD, NOW, issued, with_card
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.races import race
from tests.support.webhooks import event_of, register, send
from wallets import chart
from wallets.models import Transaction
from wallets.queries import platform_balance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


class Door:
    """Delivers events through the front door, and does the jobs that follow at once."""

    def __init__(self, client: Client, endpoint: WebhookEndpoint, capture: Any) -> None:
        self.client, self.endpoint, self.capture = client, endpoint, capture

    def jobs_of(self, event: dict[str, Any]) -> list[str]:
        """Deliver an event; give the charges that it has looked up."""
        with self.capture() as callbacks:
            assert send(self.client, self.endpoint, event).status_code == 200
        sent = [call.args for call in callbacks if hasattr(call, "args")]
        return [args[-1]["intent_id"] for args in sent if args[0] == "billing.follow_charge"]

    def deliver(self, event: dict[str, Any]) -> None:
        """Deliver an event; do its jobs."""
        for intent_id in self.jobs_of(event):
            collecting.follow(intent_id=intent_id, now=NOW)


@pytest.fixture
def door(client: Client, stripe_standin: StripeStandin, django_capture_on_commit_callbacks: Any) -> Door:
    """Register our endpoints, and deliver there."""
    return Door(client, register(), django_capture_on_commit_callbacks)


def lost(standin: StripeStandin, monkeypatch: pytest.MonkeyPatch, *, card: str) -> Invoice:
    """Charge a saved card, and lose every answer."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0)
    invoice = issued(with_card(card=card), 1_000)
    standin.post("/_sim/faults", kind="drop_after", method="POST", path="/v1/payment_intents", count=3)
    with pytest.raises(StripeUnavailableError):
        collecting.collect(invoice_id=invoice.pk, now=NOW)
    return invoice


def test_a_charge_whose_answer_was_lost_is_paid_by_its_event(
    door: Door, stripe_standin: StripeStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = lost(stripe_standin, monkeypatch, card=GOOD)
    succeeded = event_of("payment_intent.succeeded")

    for _ in range(2):
        door.deliver(succeeded)
    assert invoice.payments.get().state == "paid"
    # An event of what went before it comes last; it only says where to look.
    door.deliver(succeeded | {"id": "evt_before", "type": "payment_intent.payment_failed"})
    collecting.resolve(payment=invoice.payments.select_related("invoice").get(), now=NOW)

    invoice.refresh_from_db()
    assert (invoice.state, invoice.attempts) == ("paid", 0)
    assert invoice.payments.get().fee_cents == 59
    assert platform_balance(chart.RECEIVABLE) == 0


def test_a_charge_that_failed_meanwhile_is_tried_again_by_plan(
    door: Door, stripe_standin: StripeStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = lost(stripe_standin, monkeypatch, card=DECLINED)

    for _ in range(2):
        door.deliver(event_of("payment_intent.payment_failed"))
    assert invoice.payments.get().state == "failed"
    collecting.resolve(payment=invoice.payments.select_related("invoice").get(), now=NOW)

    invoice.refresh_from_db()
    assert (invoice.state, invoice.attempts, invoice.failure_code) == ("open", 1, "generic_decline")
    assert InvoiceNotice.objects.filter(kind="failed").count() == 1


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_an_outcome_that_takes_its_time_is_learned_from_event_or_sweeper(
    door: Door, stripe_standin: StripeStandin, outcome: str
) -> None:
    by_event, by_sweeper = (issued(with_card(open_customer(name)), 1_000) for name in ("bob", "alice"))
    stripe_standin.post("/_sim/faults", kind="wait", method="POST", path="/v1/payment_intents", count=2)
    for invoice in (by_event, by_sweeper):
        assert collecting.collect(invoice_id=invoice.pk, now=NOW).state == "open"
    assert [one.state for one in InvoicePayment.objects.all()] == ["pending", "pending"]

    for intent in stripe_client().v1.payment_intents.list({}).data:
        stripe_standin.post(f"/_sim/payment_intents/{intent.id}/settle", outcome=outcome)
        told = intent.metadata["reference"] == by_event.payments.get().public_id
        if told:
            kind = "succeeded" if outcome == "succeeded" else "payment_failed"
            door.deliver(event_of(f"payment_intent.{kind}"))
    collecting.resolve(payment=by_sweeper.payments.select_related("invoice").get(), now=NOW)

    ended = {"succeeded": ("paid", "paid"), "failed": ("open", "failed")}[outcome]
    for invoice in (by_event, by_sweeper):
        invoice.refresh_from_db()
        assert (invoice.state, invoice.payments.get().state) == ended


def test_what_is_not_ours_is_left_alone(door: Door, stripe_standin: StripeStandin) -> None:
    for reference in ({}, {"reference": "pay_nobody"}):
        stripe_client().v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "payment_method": GOOD,
                "payment_method_types": ["card"],
                "confirm": True,
                "metadata": reference,
            }
        )
        assert door.jobs_of(event_of("payment_intent.succeeded")) == []
    assert not InvoicePayment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_webhook_and_sweeper_at_once_settle_once(
    no_deadlocks: None, stripe_standin: StripeStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = lost(stripe_standin, monkeypatch, card=GOOD)
    intent_id = stripe_client().v1.payment_intents.list({}).data[0].id
    payment = invoice.payments.select_related("invoice").get()

    def call(number: int) -> None:
        if number % 2:
            collecting.follow(intent_id=intent_id, now=NOW)
        else:
            collecting.resolve(payment=payment, now=NOW)

    answers = race(6, call)

    assert answers == [None] * 6
    invoice.refresh_from_db()
    assert invoice.state == "paid"
    assert Transaction.objects.filter(kind="invoice_paid").count() == 1
