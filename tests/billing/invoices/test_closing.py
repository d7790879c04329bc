"""An open invoice is voided or given up; what was issued wrongly is credited."""

import pytest

from billing.models import CreditNote, Invoice
from billing.operations.checkouts import InFlightError
from billing.operations.invoices import closing, collecting, credit_notes, paying
from billing.operations.invoices.credit_notes import Credit
from billing.operations.invoices.paying import NotOpenError
from config.kit.errors import ConflictError, InvalidInputError
from tests.support.checkout import pay
from tests.support.invoicing import NOW, draft_of, issued, with_card
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from wallets import chart
from wallets.queries import platform_balance

pytestmark = pytest.mark.django_db


def credit(cents: int, *, reference: str = "once", reason: str = "our mistake") -> Credit:
    return Credit(amount_cents=cents, reason=reason, reference=reference, actor="user:olive")


class TestVoid:
    def test_it_takes_back_what_was_booked(self, books: None) -> None:
        invoice = issued(open_customer(), 1_000)

        voided = closing.void(invoice=invoice, reason="wrong customer", actor="user:olive", now=NOW)

        assert (voided.state, voided.number) == ("void", 1)
        assert platform_balance(chart.RECEIVABLE) == platform_balance(chart.REVENUE) == 0

    def test_it_refuses_what_is_not_open(self, books: None, stripe_standin: StripeStandin) -> None:
        draft = draft_of(open_customer("alice"), 1_000)
        paid = collecting.collect(invoice_id=issued(with_card(), 1_000).pk, now=NOW)

        for invoice in (draft, paid):
            with pytest.raises(NotOpenError):
                closing.void(invoice=invoice, reason="x", actor="user:olive", now=NOW)

    def test_it_refuses_no_reason(self, books: None) -> None:
        with pytest.raises(InvalidInputError):
            closing.void(invoice=issued(open_customer(), 1_000), reason=" ", actor="user:olive", now=NOW)

    def test_it_closes_the_checkout_that_is_open(self, books: None, stripe_standin: StripeStandin) -> None:
        invoice = issued(open_customer(), 1_000)
        payment = paying.request(invoice=invoice, principal="page", key="k", now=NOW)

        closing.void(invoice=invoice, reason="wrong", actor="user:olive", now=NOW)

        payment.refresh_from_db()
        assert payment.state == "expired"

    def test_it_refuses_while_a_payment_has_just_been_made(
        self, books: None, stripe_standin: StripeStandin
    ) -> None:
        invoice = issued(open_customer(), 1_000)
        payment = paying.request(invoice=invoice, principal="page", key="k", now=NOW)
        pay(stripe_standin, payment.stripe_session_id)

        with pytest.raises(InFlightError):
            closing.void(invoice=invoice, reason="wrong", actor="user:olive", now=NOW)


class TestCreditNotes:
    def test_on_an_open_invoice_less_is_due(self, books: None, stripe_standin: StripeStandin) -> None:
        invoice = issued(with_card(), 1_000)

        note = credit_notes.give(invoice=invoice, credit=credit(300), now=NOW)
        paid = collecting.collect(invoice_id=invoice.pk, now=NOW)

        assert (note.number, paid.state, paid.due_cents) == (1, "paid", 700)
        assert platform_balance(chart.REVENUE) == 7_000_000

    def test_on_a_paid_invoice_the_next_one_is_less(self, books: None, stripe_standin: StripeStandin) -> None:
        customer = with_card()
        invoice = collecting.collect(invoice_id=issued(customer, 1_000).pk, now=NOW)

        credit_notes.give(invoice=invoice, credit=credit(300), now=NOW)
        after = issued(customer, 500, name="next")
        paid = collecting.collect(invoice_id=after.pk, now=NOW)

        assert (paid.state, paid.total_cents) == ("paid", 200)
        assert [line.amount_cents for line in paid.lines.order_by("place")] == [-300, 500]
        assert platform_balance(chart.REVENUE) == 12_000_000

    def test_its_tax_goes_back_with_it(
        self, books: None, stripe_standin: StripeStandin, settings: object
    ) -> None:
        settings.INVOICE_TAX_RATES = {"": "20"}  # type: ignore[attr-defined]
        customer = with_card()
        unpaid = issued(customer, 1_000)
        credit_notes.give(invoice=unpaid, credit=credit(600), now=NOW)
        paid = collecting.collect(invoice_id=unpaid.pk, now=NOW)
        credit_notes.give(invoice=paid, credit=credit(120, reference="later"), now=NOW)

        assert CreditNote.objects.get(reference="once").tax_cents == 100
        assert platform_balance(chart.TAX) == 800_000
        assert platform_balance(chart.REVENUE) == 4_000_000

    def test_the_same_reference_gives_the_same_note(self, books: None) -> None:
        invoice = issued(open_customer(), 1_000)
        first = credit_notes.give(invoice=invoice, credit=credit(300), now=NOW)

        assert credit_notes.give(invoice=invoice, credit=credit(300), now=NOW).pk == first.pk
        with pytest.raises(ConflictError, match="something else"):
            credit_notes.give(invoice=invoice, credit=credit(301), now=NOW)

    @pytest.mark.parametrize("cents", [0, -5, 1_000, 1_001])
    def test_it_refuses_more_than_there_is(self, books: None, cents: int) -> None:
        with pytest.raises(InvalidInputError):
            credit_notes.give(invoice=issued(open_customer(), 1_000), credit=credit(cents), now=NOW)

    def test_it_refuses_a_void_invoice(self, books: None) -> None:
        invoice: Invoice = issued(open_customer(), 1_000)
        closing.void(invoice=invoice, reason="wrong", actor="user:olive", now=NOW)

        with pytest.raises(NotOpenError):
            credit_notes.give(invoice=invoice, credit=credit(300), now=NOW)
