"""Change an invoice's state: from one that was seen, under its lock, with a row of history."""

import datetime as dt
from typing import Any

from billing.models.invoices import Invoice, InvoiceStateChange


def change(
    *, invoice: Invoice, to: Invoice.State, reason: str, actor: str, now: dt.datetime, **facts: Any
) -> Invoice:
    """Move an invoice that the caller has locked, and write down why."""
    moved = Invoice.objects.filter(pk=invoice.pk, state=invoice.state).update(state=to, **facts)
    assert moved == 1, f"{invoice} changed under its lock"
    InvoiceStateChange.objects.create(
        invoice=invoice,
        from_state=invoice.state,
        to_state=to,
        reason=reason[:300],
        actor=actor,
        changed_at=now,
    )
    invoice.refresh_from_db()
    return invoice


def locked(*, invoice_id: int) -> Invoice:
    """Lock an invoice until the caller's transaction ends."""
    return Invoice.objects.select_for_update(of=("self",)).select_related("customer").get(pk=invoice_id)
