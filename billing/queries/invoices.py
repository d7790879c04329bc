"""Read invoices, for pages, files, mails and the API."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db.models import QuerySet, Sum

from accounts.models import Customer
from billing import dunning
from billing.models.invoices import (
    BillingProfile,
    CreditNote,
    Invoice,
    InvoiceDocument,
    InvoiceLine,
    InvoiceNotice,
)
from billing.taxes import Tax
from config.kit.errors import NotFoundError

DRAFT: Final = "Draft"
RATE_DIGITS: Final = 2
SUBJECTS: Final = {
    InvoiceNotice.Kind.ISSUED: "Invoice {number}",
    InvoiceNotice.Kind.PAID: "Receipt for invoice {number}",
    InvoiceNotice.Kind.FAILED: "We could not charge your card for invoice {number}",
    InvoiceNotice.Kind.ACTION: "Invoice {number} needs you",
    InvoiceNotice.Kind.GIVEN_UP: "Invoice {number} was closed unpaid",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is shown."""

    text: str
    agent: str
    model: str
    metric: str
    quantity: str
    rate: str
    tier: str
    amount_cents: int
    kind: str

    @property
    def detail(self) -> str:
        """Say whose it is, by which model, in which tier."""
        return " · ".join(part for part in (self.agent, self.model, self.tier) if part)


@dataclass(frozen=True, slots=True)
class Note:
    """A credit note as it is shown."""

    number: str
    amount_cents: int
    reason: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Page:
    """An invoice as pages, files and mails show it."""

    public_id: str
    number: str
    state: str
    state_text: str
    customer: str
    period_start: dt.datetime
    last_day: dt.datetime
    issued_at: dt.datetime | None
    due_at: dt.datetime | None
    paid_at: dt.datetime | None
    next_attempt_at: dt.datetime | None
    failure: str
    bill_to: dict[str, str]
    seller: dict[str, str]
    lines: tuple[Line, ...]
    notes: tuple[Note, ...]
    subtotal_cents: int
    tax_cents: int
    tax_text: str
    total_cents: int
    credited_cents: int
    due_cents: int
    document: str
    url: str

    @property
    def is_open(self) -> bool:
        """Say whether it waits to be paid."""
        return self.state == Invoice.State.OPEN

    @property
    def was_given_up(self) -> bool:
        """Say whether nobody pursues it any more; it can be paid all the same."""
        return self.state == Invoice.State.UNCOLLECTIBLE


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail about an invoice."""

    subject: str
    kind: str
    page: Page
    gives_up_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Listed:
    """An invoice in a list."""

    public_id: str
    number: str
    state: str
    state_text: str
    period_start: dt.datetime
    last_day: dt.datetime
    issued_at: dt.datetime | None
    total_cents: int
    failure: str


STATES: Final = {
    Invoice.State.DRAFT: "Collecting",
    Invoice.State.OPEN: "Open",
    Invoice.State.PAID: "Paid",
    Invoice.State.UNCOLLECTIBLE: "Closed unpaid",
    Invoice.State.VOID: "Void",
}


def number_text(number: int | None) -> str:
    """Write an invoice's number as people read it."""
    return DRAFT if number is None else f"{settings.INVOICE_PREFIX}-{number:06d}"


def of(*, customer: Customer) -> QuerySet[Invoice]:
    """List a customer's invoices, newest first; an empty draft is none."""
    some = Invoice.objects.filter(customer=customer).exclude(state=Invoice.State.DRAFT, lines=None)
    return some.select_related("customer").order_by("-pk")


def invoice_of(*, customer: Customer, public_id: str) -> Invoice:
    """Give a customer's own invoice; raise NotFoundError for anybody else's."""
    found = of(customer=customer).filter(public_id=public_id).first()
    if found is None:
        raise NotFoundError(f"There is no invoice {public_id}.")
    return found


def rows(*, invoices: Sequence[Invoice]) -> list[Listed]:
    """Show invoices as a list; a draft's total is what it comes to so far."""
    return [
        Listed(
            public_id=one.public_id,
            number=number_text(one.number),
            state=one.state,
            state_text=_state_text(one),
            period_start=one.period_start,
            last_day=_last_day(one),
            issued_at=one.issued_at,
            total_cents=total_cents(invoice=one),
            failure=one.failure,
        )
        for one in invoices
    ]


def total_cents(*, invoice: Invoice) -> int:
    """Give what an invoice comes to after credits, or so far."""
    if invoice.state != Invoice.State.DRAFT:
        return invoice.due_cents
    return invoice.lines.aggregate(cents=Sum("amount_cents"))["cents"] or 0


def page(*, invoice: Invoice) -> Page:
    """Show one invoice with its lines."""
    shown = tuple(_line(line) for line in lines(invoice=invoice))
    drafted = invoice.state == Invoice.State.DRAFT
    subtotal = sum(line.amount_cents for line in shown) if drafted else invoice.subtotal_cents
    total = subtotal if drafted else invoice.total_cents
    return Page(
        public_id=invoice.public_id,
        number=number_text(invoice.number),
        state=invoice.state,
        state_text=_state_text(invoice),
        customer=invoice.customer.public_id,
        period_start=invoice.period_start,
        last_day=_last_day(invoice),
        issued_at=invoice.issued_at,
        due_at=invoice.due_at,
        paid_at=invoice.paid_at,
        next_attempt_at=invoice.next_attempt_at,
        failure=invoice.failure,
        bill_to=invoice.bill_to or {"name": invoice.customer.name, "email": invoice.customer.email},
        seller=dict(settings.INVOICE_SELLER),
        lines=shown,
        notes=tuple(_note(note) for note in invoice.credit_notes.order_by("number")),
        subtotal_cents=subtotal,
        tax_cents=invoice.tax_cents,
        tax_text=Tax(invoice.tax_country, invoice.tax_rate, invoice.tax_cents).text,
        total_cents=total,
        credited_cents=invoice.credited_cents,
        due_cents=total - invoice.credited_cents,
        document=_document(invoice),
        url=f"{settings.SITE_URL}/invoices/{invoice.public_id}/",
    )


def letter(*, notice: InvoiceNotice) -> Letter:
    """Give what a mail says; the state is that of now, so that a late mail does not say what is no longer so."""
    invoice = notice.invoice
    kind = InvoiceNotice.Kind(notice.kind)
    failed_at = invoice.first_failed_at
    return Letter(
        subject=SUBJECTS[kind].format(number=number_text(invoice.number)),
        kind=notice.kind,
        page=page(invoice=invoice),
        gives_up_at=failed_at + dt.timedelta(days=dunning.GIVE_UP_DAYS) if failed_at else None,
    )


def profile_of(*, customer: Customer) -> BillingProfile:
    """Give what a customer wants on its invoices; blank where it never said."""
    return BillingProfile.objects.filter(customer=customer).first() or BillingProfile(customer=customer)


def plain(value: Decimal | None) -> str:
    """Write a quantity or rate without exponent or trailing zeros; nothing for none."""
    if value is None:
        return ""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rate_text(rate: Decimal | None) -> str:
    """Write a rate in USD: two digits after the point, or as many as it needs."""
    text = plain(rate)
    whole, _, digits = text.partition(".")
    return f"{whole}.{digits.ljust(RATE_DIGITS, '0')}" if text else ""


def lines(*, invoice: Invoice) -> QuerySet[InvoiceLine]:
    return invoice.lines.select_related("agent").order_by("place")


def _line(line: InvoiceLine) -> Line:
    return Line(
        text=line.text,
        agent=line.agent.name if line.agent else "",
        model=line.model,
        metric=line.metric,
        quantity=plain(line.quantity),
        rate=rate_text(line.rate),
        tier=line.tier,
        amount_cents=line.amount_cents,
        kind=line.kind,
    )


def _note(note: CreditNote) -> Note:
    return Note(
        number=f"{settings.CREDIT_NOTE_PREFIX}-{note.number:06d}",
        amount_cents=note.amount_cents,
        reason=note.reason,
        created_at=note.created_at,
    )


def _state_text(invoice: Invoice) -> str:
    if invoice.state == Invoice.State.OPEN and invoice.attempts:
        return "Payment failed"
    return STATES[Invoice.State(invoice.state)]


def _last_day(invoice: Invoice) -> dt.datetime:
    # Periods are half-open: what ends at midnight of 1 April is March's.
    return max(invoice.period_end - dt.timedelta(microseconds=1), invoice.period_start)


def _document(invoice: Invoice) -> str:
    made = InvoiceDocument.objects.filter(invoice=invoice).values_list("problem", flat=True).first()
    if made is None:
        return "waiting"
    return "absent" if made else "ready"
