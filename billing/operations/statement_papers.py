"""Make the PDF of a month's statement: asked for by its customer, drawn by the worker, swept when its job is lost."""

import datetime as dt
from typing import Final

from django.db import transaction

from accounts.models import Customer
from billing.documents import html, pdf
from billing.models.statements import StatementDocument
from billing.queries import statement_papers, statements
from billing.queries.statements import Month
from config.kit import jobs

SWEEP_MAX: Final = 100
LATE: Final = dt.timedelta(minutes=1)


def ask(*, customer: Customer, month: Month, now: dt.datetime) -> None:
    """Have a month's PDF drawn, unless the one that stands says the same, or is being drawn."""
    shown = statements.statement(customer=customer, month=month)
    if statement_papers.state(customer=customer, statement=shown) != "none":
        return
    with transaction.atomic():
        row, _ = StatementDocument.objects.update_or_create(
            customer=customer,
            month=month.start.date(),
            defaults={"asked_at": now, "made_at": None, "body": None, "problem": "", "fingerprint": ""},
        )
        jobs.enqueue("billing.make_statement_document", document_id=row.pk)


def make(*, document_id: int, now: dt.datetime) -> None:
    """Draw a PDF that was asked for; where the system cannot, keep why. Drawn twice, it says the same."""
    row = StatementDocument.objects.select_related("customer").get(pk=document_id)
    if row.made_at is not None:
        return
    month = Month(row.month.year, row.month.month)
    shown = statements.statement(customer=row.customer, month=month)
    body, problem = None, ""
    try:
        body = pdf.make(html=html.statement(statement=shown))
    except pdf.NoPangoError as absent:
        problem = str(absent)[:300]
    StatementDocument.objects.filter(pk=row.pk).update(
        body=body,
        problem=problem,
        made_at=now,
        fingerprint=statement_papers.fingerprint(statement=shown),
    )


def sweep(*, now: dt.datetime) -> int:
    """Have the PDFs drawn whose job was lost, and return how many."""
    left = StatementDocument.objects.filter(made_at=None, asked_at__lte=now - LATE).order_by("asked_at")
    found = list(left.values_list("pk", flat=True)[:SWEEP_MAX])
    for document_id in found:
        jobs.enqueue("billing.make_statement_document", document_id=document_id)
    return len(found)
