"""Fees of what will not begin, for its subscription has ended: nobody is charged for them."""

import datetime as dt
from typing import Final

from django.db.models import Q, QuerySet

from billing.models.invoices import Invoice, InvoiceLine
from billing.models.subscriptions import Subscription
from billing.operations.invoices import drafting
from billing.periods import Period
from config.kit import jobs

Kind = InvoiceLine.Kind
ENDED: Final = (Subscription.State.CANCELLED, Subscription.State.EXPIRED)
UNBEGUN: Final = Q(kind=Kind.FEE, period__granted_at=None) | Q(kind=Kind.SEATS, added__granted_at=None)


def fees(*, invoice: Invoice) -> QuerySet[InvoiceLine]:
    """List an invoice's fees of subscriptions that ended before they were paid."""
    return invoice.lines.filter(UNBEGUN, subscription__state__in=ENDED)


def let_go(*, subscription: Subscription) -> None:
    """Have the open invoices looked at that ask a subscription which has ended for a fee."""
    asking = Invoice.objects.filter(state=Invoice.State.OPEN, lines__in=_of(subscription)).distinct()
    for invoice_id in asking.values_list("pk", flat=True):
        jobs.enqueue("billing.collect_invoice", invoice_id=invoice_id)


def drop(*, invoice: Invoice, now: dt.datetime) -> Invoice:
    """Take such fees off a draft that the caller has locked; give the draft that bears what is left."""
    found = fees(invoice=invoice)
    if not found.exists():
        return invoice
    found.delete()
    return invoice if invoice.collecting else _joined(invoice, now)


def _joined(invoice: Invoice, now: dt.datetime) -> Invoice:
    """Move the lines of a draft of its own to the one that collects: alone they might wait for ever."""
    period = Period(invoice.period_start, invoice.period_end)
    draft = drafting.draft(customer_id=invoice.customer_id, period=period, now=now)
    drafting.move_lines(invoice=invoice, to=draft)
    invoice.delete()
    return draft


def _of(subscription: Subscription) -> QuerySet[InvoiceLine]:
    return InvoiceLine.objects.filter(UNBEGUN, subscription=subscription)
