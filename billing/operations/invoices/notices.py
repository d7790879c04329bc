"""Mails about invoices: written down with what they tell of, sent by the worker at least once."""

import datetime as dt
from typing import Final

from billing.models.invoices import Invoice, InvoiceNotice
from billing.queries import invoices as invoice_queries
from config.kit import jobs, mail

SWEEP_MAX: Final = 200
LATE: Final = dt.timedelta(minutes=1)


def tell(*, invoice: Invoice, kind: InvoiceNotice.Kind, now: dt.datetime) -> None:
    """Write a notice down in the caller's transaction; the worker sends it after the commit."""
    notice, created = InvoiceNotice.objects.get_or_create(
        invoice=invoice, kind=kind, attempt=invoice.attempts, defaults={"created_at": now}
    )
    if created:
        jobs.enqueue("billing.send_invoice_notice", notice_id=notice.pk)


def send(*, notice_id: int, now: dt.datetime) -> None:
    """Send a notice unless it was sent; one that was sent and not noted is sent again."""
    notice = (
        InvoiceNotice.objects.select_related("invoice__customer").filter(pk=notice_id, sent_at=None).first()
    )
    if notice is None:
        return
    page = invoice_queries.letter(notice=notice)
    mail.send(
        subject=page.subject,
        template="billing/mail/invoice.txt",
        context={"letter": page},
        to=[notice.invoice.customer.email],
    )
    InvoiceNotice.objects.filter(pk=notice.pk).update(sent_at=now)


def sweep(*, now: dt.datetime) -> int:
    """Send the notices whose job was lost, and return how many were asked for."""
    left = InvoiceNotice.objects.filter(sent_at=None, created_at__lte=now - LATE).order_by("created_at")
    found = list(left.values_list("pk", flat=True)[:SWEEP_MAX])
    for notice_id in found:
        jobs.enqueue("billing.send_invoice_notice", notice_id=notice_id)
    return len(found)
