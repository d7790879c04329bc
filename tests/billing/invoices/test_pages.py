"""The pages of invoices: list, one, pay, card, details, print, PDF, CSV."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import BillingProfile, Invoice, InvoicePayment
from billing.operations import payments
from billing.operations.invoices import collecting, documents
from tests.support.checkout import pay
from tests.support.invoicing import DECLINED, NOW, draft_of, issued, with_card
from tests.support.people import open_customer, sign_up
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture
def bob(client: Client) -> Customer:
    """Sign Bob in."""
    user, customer = sign_up()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return customer


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_it_lists_what_is_issued_and_what_gathers(client: Client, bob: Customer) -> None:
    issued(bob, 1_234)
    draft_of(bob, 500, name="next")

    page = text(client.get("/invoices/"))

    for part in ("INV-000001", "$12.34", "Collecting", "$5.00", "No card on file"):
        assert part in page


def test_it_says_when_there_are_none(client: Client, bob: Customer) -> None:
    issued(open_customer("alice"), 1_000)

    assert "No invoices yet" in text(client.get("/invoices/"))


def test_it_shows_an_invoice_with_its_lines(client: Client, bob: Customer) -> None:
    invoice = issued(bob, 1_000, 234)

    page = text(client.get(f"/invoices/{invoice.public_id}/"))

    for part in ("Invoice INV-000001", "$10.00", "$2.34", "$12.34", "Pay $12.34 now"):
        assert part in page


@pytest.mark.parametrize("page", ["", "live/", "print/", "pdf/", "csv/"])
def test_a_stranger_sees_nothing(client: Client, bob: Customer, page: str) -> None:
    foreign = issued(open_customer("alice"), 1_000)

    assert client.get(f"/invoices/{foreign.public_id}/{page}").status_code == 404
    assert client.post(f"/invoices/{foreign.public_id}/pay/").status_code == 404


def test_a_decline_is_told_and_another_card_pays(
    client: Client, bob: Customer, stripe_standin: StripeStandin
) -> None:
    with_card(bob, card=DECLINED)
    invoice = issued(bob, 1_000)
    collecting.collect(invoice_id=invoice.pk, now=NOW)
    assert "Your card was declined." in text(client.get(f"/invoices/{invoice.public_id}/"))

    answer = client.post(f"/invoices/{invoice.public_id}/pay/", {"key": "k"})

    payment = InvoicePayment.objects.get(method="checkout")
    assert (answer.status_code, answer.headers["Location"]) == (302, payment.checkout_url)
    pay(stripe_standin, payment.stripe_session_id)
    payments.fulfil(session_id=payment.stripe_session_id, now=NOW)
    assert "Pay $10.00 now" not in text(client.get(f"/invoices/{invoice.public_id}/"))


def test_two_clicks_lead_to_one_checkout(
    client: Client, bob: Customer, stripe_standin: StripeStandin
) -> None:
    invoice = issued(bob, 1_000)

    first = client.post(f"/invoices/{invoice.public_id}/pay/", {"key": "a"})
    second = client.post(f"/invoices/{invoice.public_id}/pay/", {"key": "b"})

    assert first.headers["Location"] == second.headers["Location"]
    assert InvoicePayment.objects.count() == 1


def test_what_is_paid_cannot_be_paid_again(
    client: Client, bob: Customer, stripe_standin: StripeStandin
) -> None:
    invoice = issued(with_card(bob), 1_000)
    collecting.collect(invoice_id=invoice.pk, now=NOW)

    answer = client.post(f"/invoices/{invoice.public_id}/pay/", {"key": "a"}, follow=True)

    assert "The invoice is not open" in text(answer)
    assert InvoicePayment.objects.filter(method="checkout").count() == 0


def test_the_pdf_is_what_the_worker_drew(client: Client, bob: Customer) -> None:
    invoice = issued(bob, 1_000)
    assert client.get(f"/invoices/{invoice.public_id}/pdf/").status_code == 302

    documents.make(invoice_id=invoice.pk, now=NOW)
    answer = client.get(f"/invoices/{invoice.public_id}/pdf/")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="INV-000001.pdf"'
    assert answer.content.startswith(b"%PDF")


def test_the_csv_has_the_lines_and_the_sum(client: Client, bob: Customer) -> None:
    invoice = issued(bob, 1_000, 234)

    lines = text(client.get(f"/invoices/{invoice.public_id}/csv/")).splitlines()

    assert lines[0] == "line,agent,model,metric,quantity,rate_usd,tier,amount_usd"
    assert lines[-1] == "Total,,,,,,,12.34"
    assert len(lines) == 7


def test_the_print_view_needs_nothing_inline(client: Client, bob: Customer) -> None:
    page = text(client.get(f"/invoices/{issued(bob, 1_000).public_id}/print/"))

    assert "billing/invoice.css" in page
    assert "<style" not in page


def test_details_stand_on_the_next_invoice(client: Client, bob: Customer) -> None:
    before = issued(bob, 1_000)

    client.post(
        "/invoices/details/", {"name": "Bob GmbH", "address": "A 1\nB", "country": "de", "tax_id": "DE1"}
    )

    after = issued(bob, 1_000, name="next")
    assert (after.bill_to["name"], after.bill_to["country"]) == ("Bob GmbH", "DE")
    assert Invoice.objects.get(pk=before.pk).bill_to["name"] == "Bob"


@pytest.mark.parametrize("country", ["Germany", "1", "<>"])
def test_it_refuses_what_is_no_country(client: Client, bob: Customer, country: str) -> None:
    answer = client.post("/invoices/details/", {"country": country})

    assert "two letters" in text(answer)
    assert BillingProfile.objects.count() == 0


def test_the_card_is_changed_at_stripe(client: Client, bob: Customer, stripe_standin: StripeStandin) -> None:
    answer = client.post("/invoices/card/", {"key": "k"})

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(stripe_standin.url)
    assert client.get("/invoices/?card=cs_test_1").headers["Location"] == "/invoices/"
