"""Make a draft final: what is owed is fixed, taxed, numbered without a gap, and booked."""

import datetime as dt
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum

from billing.models.invoices import (
    FEES,
    BillingProfile,
    Invoice,
    InvoiceCounter,
    InvoiceLine,
    InvoiceNotice,
)
from billing.operations.invoices import debts, notices, settling, states, unbegun
from billing.queries import tax_quotes
from billing.taxes import Tax
from config.kit import jobs
from wallets import chart, ledger, money
from wallets.ledger import Leg, Source

State = Invoice.State
Kind = InvoiceLine.Kind
ACTOR: Final = "job:billing.finalise_invoices"
# Stripe charges no less; what is below waits for the next period.
CHARGE_CENTS_MIN: Final = 50
FINALISE_MAX: Final = 500


def finalise(*, invoice_id: int, now: dt.datetime) -> Invoice:
    """Issue a draft: once, with the next number. A draft that comes to nothing much waits for the next period."""
    with transaction.atomic():
        invoice = states.locked(invoice_id=invoice_id)
        if invoice.state != State.DRAFT:
            return invoice
        left = unbegun.drop(invoice=invoice, now=now)
        if left.pk != invoice.pk:
            return left
        debts.shrink(invoice=invoice)
        if _waits(invoice):
            Invoice.objects.filter(pk=invoice.pk).update(finalise_at=None)
            invoice.refresh_from_db()
            return invoice
        debts.bill(invoice=invoice, now=now)
        _accrue(invoice, now)
        issue(invoice=invoice, now=now)
        if invoice.due_cents == 0:
            return settling.settle_free(invoice=invoice, now=now)
        notices.tell(invoice=invoice, kind=InvoiceNotice.Kind.ISSUED, now=now)
        jobs.enqueue("billing.collect_invoice", invoice_id=invoice.pk)
        return invoice


def finalise_due(*, now: dt.datetime) -> int:
    """Issue the drafts whose grace is over, and return how many were looked at."""
    due = Invoice.objects.filter(state=State.DRAFT, finalise_at__lte=now).order_by("finalise_at", "pk")
    found = list(due.values_list("pk", flat=True)[:FINALISE_MAX])
    for invoice_id in found:
        with jobs.fenced("invoice.not_issued id=%s", invoice_id):
            finalise(invoice_id=invoice_id, now=now)
    return len(found)


def issue(*, invoice: Invoice, now: dt.datetime, taxed: Tax | None = None) -> Invoice:
    """Fix the sums, tax them and number the invoice, in the caller's transaction.

    `taxed` is what was taxed before, at a checkout.
    """
    sums = _sums(invoice)
    profile = BillingProfile.objects.filter(customer=invoice.customer_id).first()
    tax = taxed or tax_quotes.quote(customer_id=invoice.customer_id, base_cents=sums["taxed"])
    states.change(
        invoice=invoice,
        to=State.OPEN,
        reason="issued",
        actor=ACTOR,
        now=now,
        subtotal_cents=sums["all"],
        tax_cents=tax.cents,
        total_cents=sums["all"] + tax.cents,
        tax_country=tax.country,
        tax_rate=tax.rate,
        bill_to=_bill_to(invoice, profile),
        issued_at=now,
        due_at=now + dt.timedelta(days=settings.INVOICE_DUE_DAYS),
        next_attempt_at=now,
        finalise_at=None,
        # Last: everybody who issues waits for this row until we commit.
        number=next_number(series=InvoiceCounter.Series.INVOICE),
    )
    jobs.enqueue("billing.make_invoice_document", invoice_id=invoice.pk)
    return invoice


def next_number(*, series: InvoiceCounter.Series) -> int:
    """Take the next number of a series in the caller's transaction; a rollback gives it back."""
    InvoiceCounter.objects.filter(series=series).update(last=F("last") + 1)
    return InvoiceCounter.objects.get(series=series).last


def _sums(invoice: Invoice) -> dict[str, int]:
    everything = invoice.lines.aggregate(cents=Sum("amount_cents"))["cents"] or 0
    # A credit note's line was taxed when it was given.
    credit = invoice.lines.filter(kind=Kind.CREDIT).aggregate(cents=Sum("amount_cents"))["cents"] or 0
    return {"all": everything, "taxed": everything - credit}


def _waits(invoice: Invoice) -> bool:
    lines = list(invoice.lines.all())
    total = sum(line.amount_cents for line in lines)
    if not lines or total < 0:
        return True
    # A fee is not put off: its period waits for the payment.
    return 0 < total < CHARGE_CENTS_MIN and all(line.kind not in FEES for line in lines)


def _accrue(invoice: Invoice, now: dt.datetime) -> None:
    """Book what is earned already. Fees are booked when paid, debts by the ledger, credits when they were given."""
    booked = invoice.lines.exclude(kind__in=[*FEES, Kind.OVERAGE, Kind.CREDIT])
    cents = booked.aggregate(cents=Sum("amount_cents"))["cents"] or 0
    if cents:
        value = money.cents_to_micros(cents)
        ledger.post(
            kind="invoice",
            source=Source("invoice", invoice.public_id),
            actor=ACTOR,
            legs=[Leg(chart.RECEIVABLE, -value), Leg(chart.REVENUE, value)],
            now=now,
            description=f"Invoice {invoice.public_id}",
        )


def _bill_to(invoice: Invoice, profile: BillingProfile | None) -> dict[str, str]:
    customer = invoice.customer
    return {
        "name": (profile.name if profile else "") or customer.name,
        "email": customer.email,
        "address": profile.address if profile else "",
        "country": profile.country if profile else "",
        "tax_id": profile.tax_id if profile else "",
    }
