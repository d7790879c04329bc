"""What a paid invoice brings about: cash in the books, receivables closed, periods begun. Once."""

import datetime as dt
from typing import Final

from django.db.models import Sum

from billing.models.invoices import FEES, Invoice, InvoiceLine, InvoiceNotice
from billing.operations.invoices import carrying, notices, states
from billing.operations.subscriptions import paid
from billing.stripe.checkout import Payment
from wallets import chart, ledger, money
from wallets.chart import PlatformWallet
from wallets.ledger import Leg, Source

State = Invoice.State
ACTOR: Final = "job:billing.collect_invoice"


def settle(*, invoice: Invoice, payment: Payment, now: dt.datetime) -> Invoice:
    """Close an invoice that the caller has locked with the payment that covers it, and begin what it pays."""
    assert payment.received_cents == invoice.due_cents
    if invoice.state == State.UNCOLLECTIBLE:
        _recover(invoice, payment, now)
    return _close(invoice, payment, now)


def settle_free(*, invoice: Invoice, now: dt.datetime) -> Invoice:
    """Close an invoice that comes to nothing: credits paid it."""
    nothing = Payment(
        intent_id="",
        status="succeeded",
        currency=invoice.currency,
        received_cents=0,
        charge_id="",
        paid_at=now,
        failure="",
        balance_line=None,
    )
    return _close(invoice, nothing, now)


def receivable_cents(*, invoice: Invoice) -> int:
    """Give what the books carry as receivable for an open invoice: all but fees, less what was credited.

    It is what is lost when the invoice is given up, and comes back when it is paid after all.
    """
    lines = invoice.lines.exclude(kind__in=FEES).aggregate(cents=Sum("amount_cents"))["cents"] or 0
    return lines - (invoice.credited_cents - invoice.credited_tax_cents)


def bearer(cents: int) -> PlatformWallet:
    """Name the account for an invoice that is given up: what it took off a fee was never a loss."""
    return chart.USD_LOSS if cents > 0 else chart.REVENUE


def _close(invoice: Invoice, payment: Payment, now: dt.datetime) -> Invoice:
    _book(invoice, payment, now)
    states.change(
        invoice=invoice,
        to=State.PAID,
        reason=f"paid by {payment.intent_id}" if payment.intent_id else "covered by credits",
        actor=ACTOR,
        now=now,
        paid_at=now,
        closed_at=None,
        payment_intent_id=payment.intent_id or None,
        next_attempt_at=None,
        failure="",
        failure_code="",
    )
    for line in invoice.lines.filter(kind__in=FEES).order_by("place"):
        _bring(line, payment.intent_id, payment.paid_at or now, now)
    notices.tell(invoice=invoice, kind=InvoiceNotice.Kind.PAID, now=now)
    return invoice


def _recover(invoice: Invoice, payment: Payment, now: dt.datetime) -> None:
    """Take back the loss of an invoice that was given up: it is a receivable again, which the payment closes."""
    lost = receivable_cents(invoice=invoice)
    value = money.cents_to_micros(lost)
    carrying.use(invoice=invoice, now=now)
    if value:
        ledger.post(
            kind="invoice_recovered",
            source=Source("invoice", invoice.public_id),
            actor=ACTOR,
            legs=[Leg(chart.RECEIVABLE, -value), Leg(bearer(lost), value)],
            now=now,
            occurred_at=payment.paid_at,
            description=f"Invoice {invoice.public_id} after it was given up",
        )


def _bring(line: InvoiceLine, payment_intent_id: str, paid_at: dt.datetime, now: dt.datetime) -> None:
    """Begin what a fee was for: a period, or seats added to one."""
    if line.added_id is not None:
        paid.seats_paid(added_id=line.added_id, payment_intent_id=payment_intent_id, paid_at=paid_at, now=now)
    else:
        assert line.period_id is not None
        paid.period_paid(
            period_id=line.period_id, payment_intent_id=payment_intent_id, paid_at=paid_at, now=now
        )


def _book(invoice: Invoice, payment: Payment, now: dt.datetime) -> None:
    """Book the whole payment against receivable, from which each fee is taken as its period begins."""
    cash = money.cents_to_micros(payment.received_cents)
    tax = money.cents_to_micros(invoice.tax_cents - invoice.credited_tax_cents)
    legs = [Leg(chart.STRIPE_CASH, -cash), Leg(chart.RECEIVABLE, cash - tax), Leg(chart.TAX, tax)]
    moving = [leg for leg in legs if leg.amount]
    if moving:
        ledger.post(
            kind="invoice_paid",
            source=Source("invoice", invoice.public_id),
            actor=ACTOR,
            legs=moving,
            now=now,
            occurred_at=payment.paid_at,
            description=f"Invoice {invoice.public_id}",
        )
