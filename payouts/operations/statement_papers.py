"""Make the PDF of a payout's statement: asked for by its creator, drawn by the worker, swept when its job is lost."""

import datetime as dt
from typing import Final

from django.db import transaction
from django.template.loader import render_to_string

from billing.documents import pdf
from config.kit import jobs
from payouts.models import Payout, Statement, StatementDocument
from payouts.queries import statement_pages

SWEEP_MAX: Final = 100
LATE: Final = dt.timedelta(minutes=1)
TEMPLATE: Final = "payouts/documents/statement.html"


def ask(*, payout: Payout, now: dt.datetime) -> None:
    """Have a statement's PDF drawn, once."""
    statement = Statement.objects.filter(payout=payout).first()
    if statement is None:
        return
    with transaction.atomic():
        row, new = StatementDocument.objects.get_or_create(statement=statement, defaults={"asked_at": now})
        if new:
            jobs.enqueue("payouts.make_statement_document", document_id=row.pk)


def make(*, document_id: int, now: dt.datetime) -> None:
    """Draw a PDF that was asked for; where the system cannot, keep why. Drawn twice, it says the same."""
    row = StatementDocument.objects.select_related("statement__payout__creator").get(pk=document_id)
    if row.made_at is not None:
        return
    body, problem = None, ""
    try:
        shown = statement_pages.of(payout=row.statement.payout)
        body = pdf.make(html=render_to_string(TEMPLATE, {"statement": shown}))
    except pdf.NoPangoError as absent:
        problem = str(absent)[:300]
    StatementDocument.objects.filter(pk=row.pk).update(body=body, problem=problem, made_at=now)


def sweep(*, now: dt.datetime) -> int:
    """Have the PDFs drawn whose job was lost, and return how many."""
    left = StatementDocument.objects.filter(made_at=None, asked_at__lte=now - LATE).order_by("asked_at")
    found = list(left.values_list("pk", flat=True)[:SWEEP_MAX])
    for document_id in found:
        jobs.enqueue("payouts.make_statement_document", document_id=document_id)
    return len(found)
