"""How an attempt to collect an invoice ends: once, whoever brings the news."""

import datetime as dt
from typing import Final

from django.db import transaction

from billing.models.invoice_payments import InvoicePayment
from billing.models.invoices import Invoice
from billing.operations import fees, quarantine
from billing.operations.invoices import failing, settling, states
from billing.stripe.checkout import Payment

Attempt = InvoicePayment.State
ENDED: Final = frozenset({"requires_payment_method", "requires_confirmation", "requires_action", "canceled"})
DECIDED: Final = ENDED | {"succeeded"}


def take(*, payment_id: int, said: Payment | None, now: dt.datetime) -> None:
    """Write down what became of an attempt; `said` None means that Stripe never heard of it."""
    if said is None:
        failing.fail(payment_id=payment_id, failure="The charge was never made.", code="lost", now=now)
    elif said.status == "succeeded":
        paid(payment_id=payment_id, payment=said, now=now)
    elif said.status in ENDED:
        failing.fail(
            payment_id=payment_id,
            failure=said.failure or "The payment failed.",
            code=said.failure_code or "authentication_required",
            now=now,
        )


def paid(*, payment_id: int, payment: Payment, now: dt.datetime) -> None:
    """Close the invoice with its payment, once; money that matches nothing goes to suspense."""
    with transaction.atomic():
        invoice_id = InvoicePayment.objects.values_list("invoice_id", flat=True).get(pk=payment_id)
        # The invoice first: webhook, sweeper and worker may all bring the same good news.
        invoice = states.locked(invoice_id=invoice_id)
        attempt = InvoicePayment.objects.select_for_update().get(pk=payment_id)
        if attempt.payment_intent_id == payment.intent_id:
            return
        problem = _mismatch(invoice, payment)
        if problem:
            quarantine.payment(payment=payment, reference=attempt.public_id, reason=problem, now=now)
            pending = InvoicePayment.objects.filter(pk=attempt.pk, state=Attempt.PENDING)
            pending.update(state=Attempt.FAILED, failure=problem[:300], closed_at=now)
            return
        InvoicePayment.objects.filter(pk=attempt.pk).update(
            state=Attempt.PAID,
            payment_intent_id=payment.intent_id,
            charge_id=payment.charge_id,
            paid_at=now,
            closed_at=now,
            calling_until=None,
            failure="",
        )
        settling.settle(invoice=invoice, payment=payment, now=now)
    if payment.balance_line is not None:
        fees.record(line=payment.balance_line, now=now)


def _mismatch(invoice: Invoice, payment: Payment) -> str:
    if not invoice.is_payable:
        return f"a payment of {invoice.public_id}, which is {invoice.state}"
    asked = (invoice.due_cents, invoice.currency)
    if (payment.received_cents, payment.currency) != asked:
        return f"{payment.received_cents} {payment.currency} came for {asked[0]} {asked[1]}"
    return ""
