"""Collect lines on a customer's draft: one draft at a time, each cause once."""

import datetime as dt
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from billing.models.invoices import Invoice, InvoiceLine
from billing.periods import Period
from config.kit.errors import ConflictError
from wallets import money

TEXT_LENGTH_MAX: Final = 300


class InvoiceIssuedError(ConflictError):
    """An invoice that was issued takes no more lines."""

    code = "invoice_issued"
    title = "The invoice was issued already"


@dataclass(frozen=True, slots=True)
class LineIn:
    """A line to be: `source` is its one cause, `amount_micros` its exact USD; the cents are rounded here, once."""

    kind: str
    text: str
    source: str
    amount_micros: int
    subscription_id: int | None = None
    period_id: int | None = None
    added_id: int | None = None
    agent_id: int | None = None
    model: str = ""
    metric: str = ""
    quantity: Decimal | None = None
    rate: Decimal | None = None
    tier: str = ""
    wallet_id: int | None = None
    debt: int = 0


def draft(*, customer_id: int, period: Period, now: dt.datetime) -> Invoice:
    """Give the customer's draft, made for this period or stretched to hold it; it becomes final after the grace."""
    with transaction.atomic():
        made, created = Invoice.objects.get_or_create(
            customer_id=customer_id,
            state=Invoice.State.DRAFT,
            collecting=True,
            defaults={
                "period_start": period.start,
                "period_end": period.end,
                "created_at": now,
                "finalise_at": now + dt.timedelta(minutes=settings.INVOICE_GRACE_MINUTES),
            },
        )
        if created:
            return made
        found = Invoice.objects.select_for_update().get(pk=made.pk)
        if found.state != Invoice.State.DRAFT:
            # It was issued between the look and the lock: the next one is made.
            return draft(customer_id=customer_id, period=period, now=now)
        return _stretched(found, period, now)


def lock(*, customer_id: int) -> None:
    """Lock a customer's draft where there is one: whoever issues it takes the wallets after it, and so must others."""
    drafts = Invoice.objects.filter(customer_id=customer_id, state=Invoice.State.DRAFT, collecting=True)
    drafts.select_for_update().values_list("pk", flat=True).first()


def single(*, customer_id: int, period: Period, now: dt.datetime) -> Invoice:
    """Make a draft for one purchase, beside the one that collects."""
    return Invoice.objects.create(
        customer_id=customer_id,
        collecting=False,
        period_start=period.start,
        period_end=period.end,
        created_at=now,
    )


def add_line(*, invoice: Invoice, line: LineIn, now: dt.datetime) -> InvoiceLine:
    """Add a line to a draft; the same source gives the line that stands. Raises InvoiceIssuedError."""
    with transaction.atomic():
        # The invoice's lock orders its lines, and keeps a finaliser out until this one is written.
        held = Invoice.objects.select_for_update().get(pk=invoice.pk)
        known = InvoiceLine.objects.filter(source=line.source).first()
        if known:
            return known
        if held.state != Invoice.State.DRAFT:
            raise InvoiceIssuedError
        place = _last_place(held)
        facts = asdict(line) | {"text": line.text[:TEXT_LENGTH_MAX]}
        cents = money.invoice_cents(line.amount_micros)
        return InvoiceLine.objects.create(
            invoice=held, place=place + 1, amount_cents=cents, created_at=now, **facts
        )


def move_lines(*, invoice: Invoice, to: Invoice) -> None:
    """Move a draft's lines behind those of another, both locked by the caller."""
    place = _last_place(to)
    for number, line in enumerate(invoice.lines.order_by("place"), start=place + 1):
        line.invoice, line.place = to, number
        line.save(update_fields=["invoice", "place"])


def finish(*, invoice: Invoice, now: dt.datetime) -> None:
    """Let a draft that has all its lines be issued at once."""
    Invoice.objects.filter(pk=invoice.pk, state=Invoice.State.DRAFT).update(finalise_at=now)


def _last_place(invoice: Invoice) -> int:
    return invoice.lines.aggregate(last=Max("place"))["last"] or 0


def _stretched(invoice: Invoice, period: Period, now: dt.datetime) -> Invoice:
    invoice.period_start = min(invoice.period_start, period.start)
    invoice.period_end = max(invoice.period_end, period.end)
    # A draft that was put off waits for what comes next, which is this.
    invoice.finalise_at = invoice.finalise_at or now + dt.timedelta(minutes=settings.INVOICE_GRACE_MINUTES)
    invoice.save(update_fields=["period_start", "period_end", "finalise_at"])
    return invoice
