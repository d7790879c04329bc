"""Credit notes: what was issued wrongly is taken off what is due, or given on the next invoice when it was paid."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Sum

from accounts import audit
from billing import taxes
from billing.models.invoices import CreditNote, Invoice, InvoiceCounter, InvoiceLine
from billing.operations.invoices import drafting, finalising, paying, states
from billing.operations.invoices.drafting import LineIn
from billing.operations.invoices.paying import NotOpenError
from billing.periods import Period, month_after
from billing.queries.invoices import number_text
from config.kit import ids, reasons
from config.kit.errors import ConflictError, InvalidInputError
from wallets import chart, ledger, money
from wallets.ledger import Leg, Source

State = Invoice.State


@dataclass(frozen=True, slots=True)
class Credit:
    """What is to be credited, tax included: why, by whom, and what makes it happen once."""

    amount_cents: int
    reason: str
    reference: str
    actor: str


def give(*, invoice: Invoice, credit: Credit, now: dt.datetime) -> CreditNote:
    """Give a credit note on an issued invoice; the same reference gives the same one.

    Raises InvalidInputError (no reason, or more than there is to credit), NotOpenError when the invoice is neither
    open nor paid, InFlightError while a payment is under way, ConflictError for a reference of another credit note.
    """
    reasons.check(reason=credit.reason)
    paying.clear(invoice=invoice, now=now)
    with transaction.atomic():
        held = states.locked(invoice_id=invoice.pk)
        known = CreditNote.objects.filter(reference=credit.reference).first()
        if known:
            if (known.invoice_id, known.amount_cents) != (invoice.pk, credit.amount_cents):
                raise ConflictError("This form was sent before with something else: open it again.")
            audit.repeated()
            return known
        _check(held, credit.amount_cents)
        audit.acted(
            actor=credit.actor,
            act="invoice.credit",
            object_id=invoice.public_id,
            reason=credit.reason,
            now=now,
        )
        return _give(held, credit, now)


def _check(invoice: Invoice, amount_cents: int) -> None:
    if invoice.state not in {State.OPEN, State.PAID}:
        raise NotOpenError(f"The invoice is {invoice.state}.")
    given = invoice.credit_notes.aggregate(cents=Sum("amount_cents"))["cents"] or 0
    left = invoice.total_cents - given
    if not 0 < amount_cents <= left:
        raise InvalidInputError(f"There are {left} cents left to credit.")
    if invoice.state == State.OPEN and amount_cents == left:
        raise InvalidInputError("All of an open invoice is not credited: void it.")


def _give(invoice: Invoice, credit: Credit, now: dt.datetime) -> CreditNote:
    tax = taxes.inside(
        gross_cents=credit.amount_cents, total_cents=invoice.total_cents, tax_cents=invoice.tax_cents
    )
    note = CreditNote.objects.create(
        public_id=ids.new(ids.CREDIT_NOTE),
        number=finalising.next_number(series=InvoiceCounter.Series.CREDIT_NOTE),
        invoice=invoice,
        amount_cents=credit.amount_cents,
        tax_cents=tax,
        reason=credit.reason,
        actor=credit.actor,
        reference=credit.reference,
        created_at=now,
    )
    if invoice.state == State.OPEN:
        _take_off(invoice, note)
    else:
        _carry(invoice, note, now)
    _book(note, carried=invoice.state == State.PAID, now=now)
    return note


def _take_off(invoice: Invoice, note: CreditNote) -> None:
    Invoice.objects.filter(pk=invoice.pk).update(
        credited_cents=F("credited_cents") + note.amount_cents,
        credited_tax_cents=F("credited_tax_cents") + note.tax_cents,
    )


def _carry(invoice: Invoice, note: CreditNote, now: dt.datetime) -> None:
    period = Period(now, month_after(start=now))
    drafting.add_line(
        invoice=drafting.draft(customer_id=invoice.customer_id, period=period, now=now),
        line=LineIn(
            kind=InvoiceLine.Kind.CREDIT,
            text=f"Credit note on invoice {number_text(invoice.number)}: {note.reason}",
            source=f"credit_note:{note.public_id}",
            amount_micros=-money.cents_to_micros(note.amount_cents),
        ),
        now=now,
    )


def _book(note: CreditNote, *, carried: bool, now: dt.datetime) -> None:
    """Take it out of revenue. The tax of an unpaid invoice is not booked yet, so there is none to take back."""
    gross = money.cents_to_micros(note.amount_cents)
    tax = money.cents_to_micros(note.tax_cents)
    legs = [Leg(chart.RECEIVABLE, gross if carried else gross - tax), Leg(chart.REVENUE, tax - gross)]
    if carried and tax:
        legs.append(Leg(chart.TAX, -tax))
    ledger.post(
        kind="credit_note",
        source=Source("credit_note", note.public_id),
        actor=note.actor,
        legs=legs,
        now=now,
        description=f"Credit note on {note.invoice.public_id}",
    )
