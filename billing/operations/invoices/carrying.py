"""What an invoice that nobody pays leaves for the next one: credits are the customer's, whatever became of the fee."""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from billing.models.invoices import FEES, Invoice, InvoiceLine
from billing.operations.invoices import drafting
from billing.operations.invoices.drafting import LineIn
from billing.periods import Period
from billing.queries.invoices import number_text
from wallets import money

Kind = InvoiceLine.Kind
# Its debt was moved by the invoice that is taken back: what is left of it is an amount.
AGAIN: Final = {Kind.OVERAGE: Kind.ADJUSTMENT}


def credits_of(*, invoice: Invoice) -> list[InvoiceLine]:
    """List the lines that are in the customer's favour."""
    return list(invoice.lines.filter(amount_cents__lt=0).order_by("place"))


def all_but_fees(*, invoice: Invoice) -> list[InvoiceLine]:
    """List what was used, given back or corrected."""
    return list(invoice.lines.exclude(kind__in=FEES).order_by("place"))


def carry(*, invoice: Invoice, lines: Iterable[InvoiceLine], now: dt.datetime) -> None:
    """Write lines of an invoice that is taken back on the customer's draft, in the caller's transaction, once."""
    for line in lines:
        _add(
            invoice,
            LineIn(
                kind=AGAIN.get(Kind(line.kind), line.kind),
                text=line.text,
                source=f"carried:{line.pk}",
                amount_micros=line.amount_micros,
                subscription_id=line.subscription_id,
                agent_id=line.agent_id,
                model=line.model,
                metric=line.metric,
                quantity=line.quantity,
                rate=line.rate,
                tier=line.tier,
            ),
            now,
        )


def carry_notes(*, invoice: Invoice, now: dt.datetime) -> None:
    """Write what credit notes took off an invoice that is taken back on the customer's draft."""
    cents = invoice.credited_cents - invoice.credited_tax_cents
    _adjust(invoice, -cents, f"Credit notes on invoice {number_text(invoice.number)}", "notes", now)


def keep(*, invoice: Invoice, cents: int, now: dt.datetime) -> None:
    """Write on the customer's draft what an invoice that is given up would have taken off its fees."""
    _adjust(
        invoice, -cents, f"Credit of invoice {number_text(invoice.number)}, which was not paid", "kept", now
    )


def use(*, invoice: Invoice, now: dt.datetime) -> None:
    """Take back what was kept of an invoice that is paid after all: the payment was less by it."""
    kept = InvoiceLine.objects.filter(source=_source(invoice, "kept")).first()
    if kept is not None:
        text = f"Credit of invoice {number_text(invoice.number)}, which was paid after all"
        _adjust(invoice, -kept.amount_cents, text, "used", now)


def _adjust(invoice: Invoice, cents: int, text: str, what: str, now: dt.datetime) -> None:
    if cents:
        micros = money.cents_to_micros(cents)
        source = _source(invoice, what)
        _add(invoice, LineIn(kind=Kind.ADJUSTMENT, text=text, source=source, amount_micros=micros), now)


def _source(invoice: Invoice, what: str) -> str:
    return f"{what}:{invoice.public_id}"


def _add(invoice: Invoice, line: LineIn, now: dt.datetime) -> None:
    period = Period(invoice.period_start, invoice.period_end)
    draft = drafting.draft(customer_id=invoice.customer_id, period=period, now=now)
    drafting.add_line(invoice=draft, line=line, now=now)
