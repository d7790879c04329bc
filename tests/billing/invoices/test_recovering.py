"""An invoice that was given up is paid after all: its loss comes back, once, whoever pays it and whatever races."""

import datetime as dt

import pytest
from django.test import Client

from billing.models import Invoice
from billing.operations import payments
from billing.operations.invoices import closing, collecting, paying
from billing.operations.invoices.paying import NotOpenError
from billing.operations.subscriptions import dunning
from tests.support.checkout import NOW as MARCH
from tests.support.checkout import pay
from tests.support.invoicing import DECLINED, GOOD, NOW, issued, with_card
from tests.support.market import for_sale
from tests.support.people import bearer, customer_key, open_customer, sign_up
from tests.support.plans import renew, settle_up
from tests.support.processes import StripeStandin
from tests.support.races import race
from tests.support.subscribing import TIERS, subscribe
from wallets import chart
from wallets.models import CreditGrant, Transaction
from wallets.queries import platform_balance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

LATER = NOW + dt.timedelta(days=40)


def give_up(invoice: Invoice) -> Invoice:
    """Give an invoice up, as staff does."""
    return closing.uncollectible(invoice=invoice, reason="gone", actor="user:olive", now=NOW)


def assert_recovered(invoice: Invoice) -> None:
    """Check the one end that every order must come to."""
    invoice.refresh_from_db()
    assert (invoice.state, invoice.closed_at) == ("paid", None)
    assert platform_balance(chart.USD_LOSS) == platform_balance(chart.RECEIVABLE) == 0
    assert platform_balance(chart.REVENUE) == 10_000_000
    assert Transaction.objects.filter(kind="invoice_paid").count() == 1


def test_its_customer_pays_it_from_the_page_or_by_the_api(
    client: Client, stripe_standin: StripeStandin
) -> None:
    user, bob = sign_up("bob")
    client.force_login(user)
    invoice = give_up(issued(bob, 1_000))
    assert platform_balance(chart.USD_LOSS) == -10_000_000
    url = f"/invoices/{invoice.public_id}/"
    assert "You may still pay it" in client.get(url).content.decode()

    answer = client.post(f"{url}pay/", {"key": "k"})
    payment = invoice.payments.get()
    assert answer["Location"] == payment.checkout_url
    key = bearer(customer_key(bob))
    told = client.get(f"/v1/invoices/{invoice.public_id}", headers=key).json()
    assert (told["status"], told["due"]) == ("uncollectible", "10.00")
    opened = client.post(f"/v1/invoices/{invoice.public_id}/pay", headers=key)
    assert (opened.status_code, opened.json()["checkout_url"]) == (201, payment.checkout_url)
    assert "hx-get" in client.get(f"{url}live/?paid=1").content.decode()
    pay(stripe_standin, payment.stripe_session_id)
    for _ in range(2):
        payments.fulfil(session_id=payment.stripe_session_id, now=LATER)

    assert_recovered(invoice)
    assert [change.to_state for change in invoice.changes.order_by("pk")] == ["open", "uncollectible", "paid"]
    with pytest.raises(NotOpenError):
        give_up(invoice)


def test_staff_charges_the_card_of_it_and_nothing_else_does(stripe_standin: StripeStandin) -> None:
    invoice = give_up(issued(with_card(), 1_000))

    assert collecting.collect(invoice_id=invoice.pk, now=LATER).state == "uncollectible"
    assert collecting.collect_due(now=LATER) == 0
    for _ in range(2):
        collecting.collect(invoice_id=invoice.pk, now=LATER, asked=True)

    assert_recovered(invoice)


def test_a_charge_that_fails_leaves_it_given_up(stripe_standin: StripeStandin) -> None:
    invoice = give_up(issued(with_card(card=DECLINED), 1_000))

    found = collecting.collect(invoice_id=invoice.pk, now=LATER, asked=True)

    assert (found.state, found.next_attempt_at) == ("uncollectible", None)
    assert invoice.payments.get().state == "failed"


def test_who_pays_a_fee_late_has_its_month_from_then_on(stripe_standin: StripeStandin) -> None:
    bob = open_customer()
    subscription = subscribe(bob, for_sale("subscribed", TIERS), stripe_standin)
    april = MARCH.replace(month=4)
    stripe_standin.post("/_sim/clock/advance", seconds=60)
    with_card(bob, card=DECLINED)
    renew(now=april)
    settle_up(now=april)
    invoice = give_up(Invoice.objects.get(state="open"))
    dunning.sweep(now=LATER)
    subscription.refresh_from_db()
    assert subscription.state == "cancelled"

    stripe_standin.post("/_sim/clock/advance", seconds=60)
    with_card(bob, card=GOOD)
    collecting.collect(invoice_id=invoice.pk, now=LATER, asked=True)

    subscription.refresh_from_db()
    assert (subscription.state, subscription.periods.count()) == ("cancelled", 2)
    granted = CreditGrant.objects.latest("pk")
    assert (granted.remaining, granted.cash) == (1_000_000_000, 1_000_000)
    assert granted.expires_at == LATER.replace(month=6)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["payment", "giving up", "neither"])
def test_a_payment_that_arrives_while_it_is_given_up(
    no_deadlocks: None, stripe_standin: StripeStandin, first: str
) -> None:
    invoice = issued(open_customer(), 1_000)
    payment = paying.request(invoice=invoice, principal="page", key="k", now=NOW)
    pay(stripe_standin, payment.stripe_session_id)
    # Nobody waits for it any more: neither side refuses to begin because of the other.
    paying.lapse(payment=payment, now=NOW)

    def arrive(_: int = 0) -> None:
        payments.fulfil(session_id=payment.stripe_session_id, now=NOW)

    def lose(_: int = 0) -> None:
        give_up(invoice)

    orders = {"payment": [arrive, lose], "giving up": [lose, arrive]}
    alone = [race(1, step)[0] for step in orders.get(first, [])]
    answers = alone or race(6, lambda number: (arrive, lose)[number % 2]())

    assert all(isinstance(one, NotOpenError) for one in answers if isinstance(one, Exception))
    assert_recovered(invoice)
