"""Lines gather on one draft a customer, each cause once."""

import datetime as dt
from typing import Any

import pytest

from billing.models import Invoice, InvoiceLine
from billing.operations.invoices import drafting, finalising
from billing.operations.invoices.drafting import InvoiceIssuedError, LineIn
from billing.periods import Period
from tests.support.invoicing import MARCH, NOW, add, draft_of, issued
from tests.support.people import open_customer
from tests.support.races import race

pytestmark = pytest.mark.django_db


def test_a_customer_has_one_draft_which_stretches() -> None:
    customer = open_customer()
    first = drafting.draft(customer_id=customer.pk, period=MARCH, now=NOW)
    april = Period(MARCH.end, MARCH.end + dt.timedelta(days=30))

    again = drafting.draft(customer_id=customer.pk, period=april, now=NOW)

    assert again.pk == first.pk
    assert (again.period_start, again.period_end) == (MARCH.start, april.end)


def test_a_line_is_rounded_half_up_once() -> None:
    invoice = draft_of(open_customer())
    amounts = (15_000, 14_999, -15_000)

    lines = [
        drafting.add_line(invoice=invoice, line=LineIn("usage", "x", f"line {amount}", amount), now=NOW)
        for amount in amounts
    ]

    assert [line.amount_cents for line in lines] == [2, 1, -2]
    assert [line.place for line in lines] == [1, 2, 3]


def test_the_same_cause_adds_nothing() -> None:
    invoice = draft_of(open_customer(), 500)
    again = add(invoice, 900, source=f"use:{invoice.customer.public_id}:0")

    assert again.amount_cents == 500
    assert invoice.lines.count() == 1


def test_it_refuses_a_line_on_an_issued_invoice(books: None) -> None:
    invoice = issued(open_customer(), 500)

    with pytest.raises(InvoiceIssuedError):
        add(invoice, 100, source="late")


def test_the_next_line_after_issue_begins_another_draft(books: None) -> None:
    customer = open_customer()
    first = issued(customer, 500)

    second = draft_of(customer, 100, name="later")

    assert second.pk != first.pk
    assert second.state == Invoice.State.DRAFT


@pytest.mark.django_db(transaction=True)
def test_racing_callers_share_one_draft_and_one_line(books: None) -> None:
    customer = open_customer()

    def call(number: int) -> Any:
        invoice = drafting.draft(customer_id=customer.pk, period=MARCH, now=NOW)
        add(invoice, 100, source="the same")
        return add(invoice, 100, source=f"caller {number}").pk

    answers = race(6, call)

    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert Invoice.objects.count() == 1
    assert InvoiceLine.objects.count() == 7


@pytest.mark.django_db(transaction=True)
def test_a_line_that_races_the_finaliser_is_on_the_invoice_or_refused(books: None) -> None:
    invoice = draft_of(open_customer(), 500)

    def call(number: int) -> Any:
        if number == 0:
            return finalising.finalise(invoice_id=invoice.pk, now=NOW).total_cents
        return add(invoice, 100, source=f"caller {number}").amount_cents

    answers = race(5, call)

    added = [answer for answer in answers[1:] if answer == 100]
    assert all(answer == 100 or isinstance(answer, InvoiceIssuedError) for answer in answers[1:])
    assert answers[0] == 500 + 100 * len(added)
