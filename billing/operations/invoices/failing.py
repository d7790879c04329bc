"""A charge that failed: why, when the next one is due, and whom to tell."""

import datetime as dt
from typing import Final

from django.db import transaction

from billing import dunning
from billing.dunning import Step
from billing.models.invoice_payments import InvoicePayment
from billing.models.invoices import Invoice, InvoiceNotice
from billing.operations.invoices import notices, states

Attempt = InvoicePayment.State
Kind = InvoiceNotice.Kind
FAILURE_LENGTH_MAX: Final = 300
NOTICES: Final = {Step.RETRY: Kind.FAILED, Step.ACTION: Kind.ACTION, Step.LAST: Kind.ACTION}


def fail(*, payment_id: int, failure: str, code: str, now: dt.datetime) -> None:
    """Close a pending attempt that took no money, and plan what follows; an attempt that is closed stays so."""
    with transaction.atomic():
        invoice_id = InvoicePayment.objects.values_list("invoice_id", flat=True).get(pk=payment_id)
        invoice = states.locked(invoice_id=invoice_id)
        closed = InvoicePayment.objects.filter(pk=payment_id, state=Attempt.PENDING).update(
            state=Attempt.FAILED,
            failure=failure[:FAILURE_LENGTH_MAX],
            failure_code=code[:60],
            closed_at=now,
            calling_until=None,
        )
        if closed and invoice.state == Invoice.State.OPEN:
            note(invoice=invoice, failure=failure, code=code, now=now)


def note(*, invoice: Invoice, failure: str, code: str, now: dt.datetime) -> None:
    """Count a failure on an open invoice that the caller has locked, and say when it is tried again."""
    invoice.attempts += 1
    invoice.first_failed_at = invoice.first_failed_at or now
    plan = dunning.plan(
        failures=invoice.attempts, first_failed_at=invoice.first_failed_at, code=code, now=now
    )
    invoice.next_attempt_at = plan.next_attempt_at
    invoice.failure, invoice.failure_code = failure[:FAILURE_LENGTH_MAX], code[:60]
    invoice.save(update_fields=["attempts", "first_failed_at", "next_attempt_at", "failure", "failure_code"])
    notices.tell(invoice=invoice, kind=NOTICES[plan.step], now=now)
