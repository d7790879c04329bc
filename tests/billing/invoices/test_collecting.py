"""An open invoice is charged to the saved card: once, later again when it fails, and never twice."""

import datetime as dt
from typing import Any

import pytest
import stripe

from billing import dunning
from billing.models import BillingProfile, Invoice, InvoiceNotice, InvoicePayment
from billing.operations import payments
from billing.operations.invoices import cards, closing, collecting, paying
from billing.stripe.client import client
from billing.stripe.errors import StripeUnavailableError
from tests.support import outages
from tests.support.checkout import pay
from tests.support.invoicing import ASKS, DECLINED, GOOD, NOW, issued, with_card
from tests.support.outages import FAULTS, READ_SECONDS, Request
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.races import race
from wallets import chart
from wallets.queries import platform_balance

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
CHARGE = Request("POST", "/v1/payment_intents")


def charges() -> list[Any]:
    return [one for one in client().v1.payment_intents.list({}).data if one.status == "succeeded"]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK repeat at once."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0)


def lose_answers(standin: StripeStandin, when: str) -> None:
    """Break a charge's request, and its repeats, before or after it had its effect."""
    standin.post("/_sim/faults", kind=f"drop_{when}", method="POST", path="/v1/payment_intents", count=3)


def collect(invoice: Invoice, *, now: dt.datetime = NOW, asked: bool = False) -> Invoice:
    return collecting.collect(invoice_id=invoice.pk, now=now, asked=asked)


def test_it_charges_the_saved_card_and_books_the_cash(books: None, stripe_standin: StripeStandin) -> None:
    paid = collect(issued(with_card(), 1_000))

    assert (paid.state, paid.attempts, paid.payment_intent_id) == ("paid", 0, charges()[0].id)
    assert [one.amount for one in charges()] == [1_000]
    assert platform_balance(chart.RECEIVABLE) == 0
    assert platform_balance(chart.STRIPE_CASH) == -10_000_000 + platform_balance(chart.STRIPE_FEES) * -1
    payment = InvoicePayment.objects.get()
    assert (payment.state, payment.fee_cents) == ("paid", 59)
    assert BillingProfile.objects.get().card == "Visa ending in 4242"


def test_a_second_call_charges_nothing(books: None, stripe_standin: StripeStandin) -> None:
    invoice = issued(with_card(), 1_000)

    for _ in range(3):
        collect(invoice, asked=True)

    assert len(charges()) == 1


def test_a_decline_is_tried_again_by_plan_and_told(books: None, stripe_standin: StripeStandin) -> None:
    invoice = issued(with_card(card=DECLINED), 1_000)

    now, tried = NOW, []
    while (found := collect(invoice, now=now)).next_attempt_at:
        tried.append((found.next_attempt_at - NOW).days)
        now = found.next_attempt_at

    assert tried == list(dunning.RETRY_DAYS)
    assert (found.state, found.attempts, found.failure) == ("open", 5, "Your card was declined.")
    kinds = list(InvoiceNotice.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["issued", "failed", "failed", "failed", "failed", "action"]
    assert charges() == []
    assert [one.number for one in invoice.payments.order_by("number")] == [1, 2, 3, 4, 5]


def test_it_is_not_tried_before_its_time(books: None, stripe_standin: StripeStandin) -> None:
    invoice = issued(with_card(card=DECLINED), 1_000)
    collect(invoice)

    assert collect(invoice, now=NOW + dt.timedelta(hours=23)).attempts == 1
    assert collect(invoice, now=NOW + DAY).attempts == 2


def test_a_bank_that_asks_waits_for_the_customer(books: None, stripe_standin: StripeStandin) -> None:
    invoice = collect(issued(with_card(card=ASKS), 1_000))

    assert (invoice.failure_code, invoice.next_attempt_at) == ("authentication_required", None)
    assert InvoiceNotice.objects.filter(kind="action").count() == 1
    payment = paying.request(invoice=invoice, principal="page", key="k", now=NOW)
    pay(stripe_standin, payment.stripe_session_id)
    payments.fulfil(session_id=payment.stripe_session_id, now=NOW)
    invoice.refresh_from_db()
    assert invoice.state == "paid"


def test_without_a_card_it_waits_and_tells_once(books: None, stripe_standin: StripeStandin) -> None:
    invoice = issued(open_customer(), 1_000)

    for _ in range(2):
        assert collect(invoice).failure_code == "no_card"
    assert collect(invoice).attempts == 1
    assert InvoicePayment.objects.count() == 0


def test_another_card_is_charged_at_once(books: None, stripe_standin: StripeStandin) -> None:
    customer = with_card(card=ASKS)
    invoice = collect(issued(customer, 1_000))
    stripe_standin.post("/_sim/clock/advance", seconds=60)
    with_card(customer, card=GOOD)

    cards.adopt(reference=customer.public_id, now=NOW + DAY)

    assert collect(invoice, now=NOW + DAY).state == "paid"


def test_a_card_is_changed_at_stripes_page(books: None, stripe_standin: StripeStandin) -> None:
    customer = with_card(card=ASKS)
    invoice = collect(issued(customer, 1_000))
    stripe_standin.post("/_sim/clock/advance", seconds=60)

    url = cards.request(customer=customer, key="once", now=NOW)
    session_id = url.rsplit("/", 1)[1]
    pay(stripe_standin, session_id)
    payments.fulfil(session_id=session_id, now=NOW)

    assert collect(invoice).state == "paid"
    assert BillingProfile.objects.get().card == "Visa ending in 4242"


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_broken_charge_is_found_out_and_never_made_twice(
    books: None, stripe_standin: StripeStandin, fault: str, settings: Any
) -> None:
    settings.STRIPE_READ_SECONDS = READ_SECONDS
    invoice = issued(with_card(), 1_000)

    outages.broken(stripe_standin, FAULTS[fault], CHARGE)(lambda: collect(invoice))

    assert collect(invoice, now=NOW + dt.timedelta(minutes=1)).state == "paid"
    assert len(charges()) == 1
    assert InvoicePayment.objects.count() == 1


def test_an_answer_lost_for_days_is_looked_up(books: None, stripe_standin: StripeStandin) -> None:
    made, never = issued(with_card(), 1_000), issued(with_card(open_customer("alice")), 2_000)
    for invoice, when in ((made, "after"), (never, "before")):
        lose_answers(stripe_standin, when)
        with pytest.raises(StripeUnavailableError):
            collect(invoice)

    assert collect(made, now=NOW + 2 * DAY).state == "paid"
    lost = collect(never, now=NOW + 2 * DAY)
    assert (lost.state, lost.failure_code) == ("open", "lost")
    assert lost.next_attempt_at is not None
    assert collect(never, now=lost.next_attempt_at).state == "paid"
    assert sorted(one.amount for one in charges()) == [1_000, 2_000]


def test_an_open_checkout_keeps_the_card_from_being_charged(
    books: None, stripe_standin: StripeStandin
) -> None:
    invoice = issued(with_card(), 1_000)
    payment = paying.request(invoice=invoice, principal="page", key="k", now=NOW)

    assert collect(invoice).state == "open"
    assert collect(invoice, now=NOW + collecting.CHECKOUT_LIVES).state == "open"
    payment.refresh_from_db()
    assert payment.state == "expired"
    assert collect(invoice, now=NOW + collecting.CHECKOUT_LIVES).state == "paid"
    session = client().v1.checkout.sessions.retrieve(payment.stripe_session_id)
    assert session.status == "expired"
    assert len(charges()) == 1


def test_a_checkout_that_was_paid_just_then_is_not_charged_again(
    books: None, stripe_standin: StripeStandin
) -> None:
    invoice = issued(with_card(), 1_000)
    payment = paying.request(invoice=invoice, principal="page", key="k", now=NOW)
    pay(stripe_standin, payment.stripe_session_id)

    assert collect(invoice, now=NOW + collecting.CHECKOUT_LIVES).state == "open"
    payments.fulfil(session_id=payment.stripe_session_id, now=NOW)

    invoice.refresh_from_db()
    assert invoice.state == "paid"
    assert len(charges()) == 1


def test_what_nobody_pays_is_given_up(books: None, stripe_standin: StripeStandin) -> None:
    invoice = collect(issued(with_card(card=ASKS), 1_000))
    over = NOW + dt.timedelta(days=dunning.GIVE_UP_DAYS)

    assert closing.give_up_due(now=over - DAY) == 0
    assert closing.give_up_due(now=over) == 1

    invoice.refresh_from_db()
    assert invoice.state == "uncollectible"
    assert platform_balance(chart.RECEIVABLE) == 0
    assert platform_balance(chart.USD_LOSS) == -10_000_000


@pytest.mark.django_db(transaction=True)
def test_racing_workers_charge_once(books: None, no_deadlocks: None, stripe_standin: StripeStandin) -> None:
    invoice = issued(with_card(), 1_000)

    answers = race(6, lambda number: collect(invoice, asked=number % 2 == 0).state)

    assert "paid" in answers
    assert not [one for one in answers if isinstance(one, Exception)]
    assert len(charges()) == 1
    assert InvoicePayment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_card_and_a_checkout_never_begin_side_by_side(
    books: None, no_deadlocks: None, stripe_standin: StripeStandin
) -> None:
    invoice = issued(with_card(), 1_000)

    def call(number: int) -> Any:
        if number % 2:
            return collect(invoice).state
        return paying.request(invoice=invoice, principal="page", key=f"k{number}", now=NOW).state

    race(6, call)

    assert InvoicePayment.objects.count() == 1
    assert len(charges()) <= 1
