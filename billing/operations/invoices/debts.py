"""Overage lines: what they still bill when the invoice becomes final, moved from debt to receivable."""

import datetime as dt

from billing.models.invoices import Invoice, InvoiceLine
from wallets import debts, money
from wallets.ledger import Source
from wallets.models import Wallet

Kind = InvoiceLine.Kind


def shrink(*, invoice: Invoice) -> None:
    """Take off the draft what a top-up has paid since the line was written (ledger.md rule 6)."""
    lines = invoice.lines.filter(kind=Kind.OVERAGE, wallet__unit=money.CREDITS).order_by("place")
    left: dict[int, int] = {}
    for line in lines:
        assert line.wallet_id is not None
        owed = left.setdefault(line.wallet_id, debts.owed(wallet_id=line.wallet_id))
        billed = min(line.debt, owed - owed % money.credits_per_cent())
        left[line.wallet_id] = owed - billed
        if billed != line.debt:
            _rewrite(line, billed)


def bill(*, invoice: Invoice, now: dt.datetime) -> None:
    """Move each line's debt to receivable, in the caller's transaction."""
    for line in invoice.lines.filter(kind=Kind.OVERAGE, debt__gt=0).order_by("wallet_id", "place"):
        assert line.wallet_id is not None
        debts.bill(
            wallet_id=line.wallet_id,
            amount=line.debt,
            bill_cents=line.amount_cents,
            source=Source("invoice_line", line.source),
            now=now,
        )


def block(*, invoice: Invoice, now: dt.datetime) -> None:
    """Allow no more overage on the wallets of an invoice that nobody pays (ledger.md rule 7)."""
    ids = invoice.lines.filter(kind=Kind.OVERAGE).values_list("wallet_id", flat=True)
    for wallet in Wallet.objects.filter(pk__in=ids).order_by("pk"):
        debts.set_overdraft(wallet_id=wallet.pk, limit=0, now=now)


def _rewrite(line: InvoiceLine, billed: int) -> None:
    micros = money.credits_to_usd(billed)
    if line.quantity is not None:
        line.quantity = line.quantity * billed / line.debt
    line.debt, line.amount_micros, line.amount_cents = billed, micros, money.invoice_cents(micros)
    line.save(update_fields=["debt", "amount_micros", "amount_cents", "quantity"])
