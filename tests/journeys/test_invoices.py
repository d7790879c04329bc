"""An invoice on the site: issued and declined by the worker, told by mail, its card changed, paid, downloaded."""

import datetime as dt
from collections.abc import Iterator

import pytest

from accounts.models import Customer
from billing.models import Invoice, InvoiceDocument, InvoiceNotice
from billing.operations.invoices import drafting
from config.kit import clock
from tests.support.invoicing import ASKS, draft_of, with_card
from tests.support.people import sign_up
from tests.support.processes import LiveApp, eventually
from tests.support.visitor import Visitor
from wallets import books as wallet_books

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def bob(live_app: LiveApp) -> Iterator[tuple[Visitor, Customer]]:
    """Let Bob sign in at a site whose webhooks are registered; the books balance afterwards."""
    live_app.manage("stripe_endpoints", "--base-url", live_app.url)
    user, customer = sign_up("bob")
    visitor = Visitor(live_app.url)
    visitor.sign_in(user)
    yield visitor, customer
    assert wallet_books.violations(now=clock.now()) == []


def issue(customer: Customer, name: str) -> Invoice:
    """Draft an invoice and leave the rest to beat."""
    now = clock.now()
    invoice = draft_of(customer, 1_250, now=now - dt.timedelta(minutes=1), name=name)
    drafting.finish(invoice=invoice, now=now)
    return invoice


def state(invoice: Invoice) -> tuple[str, str]:
    invoice.refresh_from_db()
    return invoice.state, invoice.failure_code


def test_a_bill_is_declined_and_paid_in_two_ways(live_app: LiveApp, bob: tuple[Visitor, Customer]) -> None:
    visitor, customer = bob
    with_card(customer, card=ASKS)
    first = issue(customer, "first")

    eventually(lambda: state(first) == ("open", "authentication_required"), seconds=60)
    page = f"/invoices/{first.public_id}/"
    assert "The payment did not go through" in visitor.get(page).text
    eventually(lambda: InvoiceNotice.objects.filter(kind="action", sent_at__isnull=False).exists())

    pay_at_the_checkout(live_app, visitor, first)
    eventually(lambda: state(first)[0] == "paid", seconds=60)

    enter_another(live_app, customer)
    second = issue(customer, "second")
    eventually(lambda: state(second) == ("open", "authentication_required"), seconds=60)
    change_the_card(live_app, visitor)
    eventually(lambda: state(second)[0] == "paid", seconds=60)
    download(visitor, second)


def enter_another(live_app: LiveApp, customer: Customer) -> None:
    """Let the customer's newest card be one whose bank asks."""
    live_app.stripe.post("/_sim/clock/advance", seconds=60)
    with_card(customer, card=ASKS)


def pay_at_the_checkout(live_app: LiveApp, visitor: Visitor, invoice: Invoice) -> None:
    """Click "pay now" and pay."""
    page = f"/invoices/{invoice.public_id}/"
    answer = visitor.post(f"{page}pay/", {"key": visitor.form_value(page, "key")})
    assert answer.status_code == 302
    session_id = answer.headers["Location"].rsplit("/", 1)[1]
    live_app.stripe.post(f"/_sim/checkout/sessions/{session_id}/complete")


def change_the_card(live_app: LiveApp, visitor: Visitor) -> None:
    """Click "update card" and enter one that pays."""
    live_app.stripe.post("/_sim/clock/advance", seconds=60)
    answer = visitor.post("/invoices/card/", {"key": visitor.form_value("/invoices/", "key")})
    session_id = answer.headers["Location"].rsplit("/", 1)[1]
    live_app.stripe.post(f"/_sim/checkout/sessions/{session_id}/complete")
    eventually(lambda: "ending in 4242" in visitor.get("/invoices/").text)


def download(visitor: Visitor, invoice: Invoice) -> None:
    """Download what the worker drew."""
    eventually(lambda: InvoiceDocument.objects.filter(invoice=invoice).exists())
    answer = visitor.get(f"/invoices/{invoice.public_id}/pdf/")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
