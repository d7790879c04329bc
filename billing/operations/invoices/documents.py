"""Make an invoice's PDF, once: what was issued does not change, and neither does its file."""

import datetime as dt
from typing import Final

from billing.documents import html, pdf
from billing.models.invoices import Invoice, InvoiceDocument
from billing.queries import invoices as invoice_queries
from config.kit import jobs

SWEEP_MAX: Final = 100
LATE: Final = dt.timedelta(minutes=1)


def make(*, invoice_id: int, now: dt.datetime) -> InvoiceDocument:
    """Draw an issued invoice's PDF; where the system cannot, keep why. One that stands is left alone."""
    known = InvoiceDocument.objects.filter(invoice_id=invoice_id).first()
    if known:
        return known
    invoice = Invoice.objects.select_related("customer").exclude(state=Invoice.State.DRAFT).get(pk=invoice_id)
    page = invoice_queries.page(invoice=invoice)
    body, problem = None, ""
    try:
        body = pdf.make(html=html.render(page=page, linked=False))
    except pdf.NoPangoError as absent:
        problem = str(absent)[:300]
    # Two workers drew it at once: the first one's stands.
    made, _ = InvoiceDocument.objects.get_or_create(
        invoice_id=invoice_id, defaults={"body": body, "problem": problem, "made_at": now}
    )
    return made


def sweep(*, now: dt.datetime) -> int:
    """Have the documents made whose job was lost, and return how many."""
    issued = Invoice.objects.filter(issued_at__lte=now - LATE, document=None).order_by("issued_at")
    found = list(issued.values_list("pk", flat=True)[:SWEEP_MAX])
    for invoice_id in found:
        jobs.enqueue("billing.make_invoice_document", invoice_id=invoice_id)
    return len(found)
