"""A draft becomes final once: taxed, numbered without a gap, booked."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from billing.models import BillingProfile, Invoice, InvoiceLine
from billing.operations.invoices import finalising
from tests.support.invoicing import NOW, add, draft_of, issued
from tests.support.people import open_customer
from tests.support.races import race
from wallets import chart
from wallets.queries import platform_balance

pytestmark = pytest.mark.django_db


def test_it_sums_numbers_and_books(books: None) -> None:
    invoice = issued(open_customer(), 1_000, 250)

    assert (invoice.state, invoice.number, invoice.total_cents) == ("open", 1, 1_250)
    assert invoice.bill_to["name"] == "Bob"
    assert platform_balance(chart.RECEIVABLE) == -12_500_000
    assert platform_balance(chart.REVENUE) == 12_500_000


def test_a_second_call_changes_nothing(books: None) -> None:
    invoice = issued(open_customer(), 1_000)

    again = finalising.finalise(invoice_id=invoice.pk, now=NOW)

    assert again.number == invoice.number
    assert again.changes.count() == 1


@pytest.mark.parametrize("cents", [(49,), (500, -600), ()])
def test_what_comes_to_nothing_much_waits_for_the_next_period(books: None, cents: tuple[int, ...]) -> None:
    customer = open_customer()
    invoice = issued(customer, *cents)

    assert (invoice.state, invoice.number, invoice.finalise_at) == ("draft", None, None)
    assert finalising.finalise_due(now=NOW) == 0
    add(draft_of(customer), 1_000, source="next")
    assert finalising.finalise_due(now=NOW) == 1
    invoice.refresh_from_db()
    assert invoice.total_cents == sum(cents) + 1_000


def test_credits_that_cover_it_close_it(books: None) -> None:
    invoice = issued(open_customer(), 500, -500)

    assert (invoice.state, invoice.total_cents, invoice.payment_intent_id) == ("paid", 0, None)


def test_nobody_is_taxed_by_default(books: None) -> None:
    customer = open_customer()
    BillingProfile.objects.create(customer=customer, country="DE")

    assert issued(customer, 1_000).tax_cents == 0


def test_it_taxes_by_the_country_in_settings(books: None, settings: Any) -> None:
    settings.INVOICE_TAX_RATES = {"DE": "19"}
    german, stranger = open_customer(), open_customer("alice")
    BillingProfile.objects.create(customer=german, country="DE", name="Bob GmbH", tax_id="DE1")

    taxed, free = issued(german, 1_050), issued(stranger, 1_050)

    assert (taxed.tax_cents, taxed.total_cents, taxed.tax_country) == (200, 1_250, "DE")
    assert (free.tax_cents, free.total_cents) == (0, 1_050)
    assert taxed.bill_to["tax_id"] == "DE1"


def test_a_failed_finalisation_gives_its_number_back(books: None) -> None:
    customer = open_customer()
    invoice = draft_of(customer, 500)
    with transaction.atomic():
        finalising.finalise(invoice_id=invoice.pk, now=NOW)
        transaction.set_rollback(True)

    assert finalising.finalise(invoice_id=invoice.pk, now=NOW).number == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE billing_invoice SET total_cents = 1, subtotal_cents = 1",
        "UPDATE billing_invoice SET number = 9",
        "UPDATE billing_invoiceline SET amount_cents = 1",
        "DELETE FROM billing_invoiceline",
        "UPDATE billing_invoicestatechange SET reason = 'another'",
    ],
)
def test_what_was_issued_never_changes(books: None, change: str) -> None:
    issued(open_customer(), 500)

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


@pytest.mark.django_db(transaction=True)
def test_racing_finalisers_leave_no_gap(books: None) -> None:
    drafts = [draft_of(open_customer(f"customer{number}"), 500).pk for number in range(6)]

    answers = race(12, lambda number: finalising.finalise(invoice_id=drafts[number % 6], now=NOW).number)

    assert sorted(answers, key=str) == sorted([1, 2, 3, 4, 5, 6] * 2)
    assert set(Invoice.objects.values_list("number", flat=True)) == {1, 2, 3, 4, 5, 6}
    assert InvoiceLine.objects.count() == 6
