"""A draft becomes final once: taxed, numbered without a gap, booked."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from billing.models import BillingProfile, Invoice, InvoiceLine
from billing.operations import posting
from billing.operations.invoices import drafting, finalising
from billing.operations.invoices.drafting import LineIn
from tests.support import runs
from tests.support.invoicing import NOW, add, draft_of, issued
from tests.support.ledger import CREDIT, MONDAY, buy
from tests.support.people import open_customer
from tests.support.races import race
from wallets import chart, debts, quotas
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


def test_a_draft_that_cannot_be_issued_holds_up_nobody(books: None) -> None:
    customer = open_customer()
    broken, fine = draft_of(customer, 500), draft_of(open_customer("alice"), 700)
    quota = quotas.open_quota(customer_id=customer.pk, unit="EXECUTION", now=NOW)
    line = LineIn("overage", "Owed by nobody", "overage", 10_000, wallet_id=quota.pk, debt=1_000_000)
    drafting.add_line(invoice=broken, line=line, now=NOW)

    assert finalising.finalise_due(now=NOW) == 2

    states = Invoice.objects.order_by("pk").values_list("pk", "state", "number")
    assert list(states) == [(broken.pk, "draft", None), (fine.pk, "open", 1)]


def test_overage_is_billed_less_what_a_top_up_has_paid_since(books: None) -> None:
    customer = runs.make_customer("bob")
    wallet = runs.wallet_of(customer)
    debts.set_overdraft(wallet_id=wallet.pk, limit=2_000 * CREDIT, now=MONDAY)
    runs.charge(runs.make_agent("echo"), customer, "1", usage={"request": Decimal(20)})
    posting.post_splits(now=MONDAY)
    invoice = draft_of(customer)
    overage = {"wallet_id": wallet.pk, "debt": 1_000 * CREDIT, "quantity": Decimal(1_000)}
    line = LineIn("overage", "1,000 credits", "overage", 1_000_000, **overage)  # type: ignore[arg-type]
    drafting.add_line(invoice=invoice, line=line, now=NOW)
    buy(wallet, cents=40)

    issued_now = finalising.finalise(invoice_id=invoice.pk, now=NOW)

    assert [(one.amount_cents, one.quantity) for one in issued_now.lines.all()] == [(60, Decimal(600))]
    assert debts.owed(wallet_id=wallet.pk) == 0
    assert runs.wallet_of(customer).balance == 0
    assert platform_balance(chart.RECEIVABLE) == -600_000


@pytest.mark.django_db(transaction=True)
def test_racing_finalisers_leave_no_gap(books: None) -> None:
    drafts = [draft_of(open_customer(f"customer{number}"), 500).pk for number in range(6)]

    answers = race(12, lambda number: finalising.finalise(invoice_id=drafts[number % 6], now=NOW).number)

    assert sorted(answers, key=str) == sorted([1, 2, 3, 4, 5, 6] * 2)
    assert set(Invoice.objects.values_list("number", flat=True)) == {1, 2, 3, 4, 5, 6}
    assert InvoiceLine.objects.count() == 6
