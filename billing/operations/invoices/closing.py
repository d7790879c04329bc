"""End an open invoice unpaid: voided (it was wrong), replaced (a part of it will not be) or given up (nobody pays it).

What was in the customer's favour on it comes off the next invoice: it was theirs before.
"""

import datetime as dt
from contextlib import suppress
from typing import Final

from django.db import transaction

from accounts import audit
from billing import dunning
from billing.models.invoices import Invoice, InvoiceLine, InvoiceNotice
from billing.operations.checkouts import InFlightError
from billing.operations.invoices import carrying, debts, notices, paying, settling, states
from billing.operations.invoices.paying import NotOpenError
from billing.stripe.errors import StripeUnavailableError
from config.kit.errors import InvalidInputError
from wallets import chart, ledger, money
from wallets.chart import PlatformWallet
from wallets.ledger import Leg, Source

State = Invoice.State
JOB: Final = "job:billing.give_up_invoices"
JOB_REPLACED: Final = "job:billing.collect_invoice"
GIVE_UP_MAX: Final = 200


def void(*, invoice: Invoice, reason: str, actor: str, now: dt.datetime) -> Invoice:
    """Take an open invoice back: nobody has to pay it, and what it had earned is taken out of revenue.

    Raises NotOpenError, InvalidInputError without a reason, InFlightError while a payment is under way.
    """
    if not reason.strip():
        raise InvalidInputError("A reason is required.")
    paying.clear(invoice=invoice, now=now)
    with transaction.atomic():
        return _void(_open(invoice), reason, actor, now)


def replace(*, invoice: Invoice, now: dt.datetime) -> None:
    """Take back an open invoice that asks a subscription which has ended for a fee; the next one bears the rest.

    Raises NotOpenError, and InFlightError while a payment is under way.
    """
    paying.clear(invoice=invoice, now=now)
    with transaction.atomic():
        held = _open(invoice)
        rest = [line for line in carrying.all_but_fees(invoice=held) if line.amount_cents > 0]
        _void(held, "its subscription has ended", JOB_REPLACED, now)
        carrying.carry(invoice=held, lines=rest, now=now)
        carrying.carry_notes(invoice=held, now=now)


def uncollectible(*, invoice: Invoice, reason: str, actor: str, now: dt.datetime) -> Invoice:
    """Give an open invoice up: what was earned is the platform's loss, and its wallets take no more overage.

    Raises NotOpenError, and InFlightError while a payment is under way.
    """
    paying.clear(invoice=invoice, now=now)
    with transaction.atomic():
        held = _open(invoice)
        lost = settling.receivable_cents(invoice=held)
        _write_off(held, lost, settling.bearer(lost), kind="invoice_loss", actor=actor, now=now)
        carrying.keep(invoice=held, cents=max(-lost, 0), now=now)
        debts.block(invoice=held, now=now)
        closed = _closed(held, State.UNCOLLECTIBLE, reason, actor, now)
        notices.tell(invoice=closed, kind=InvoiceNotice.Kind.GIVEN_UP, now=now)
        return closed


def give_up_due(*, now: dt.datetime) -> int:
    """Give up the invoices that were pursued for long enough, and return how many were looked at."""
    failed = Invoice.objects.filter(state=State.OPEN, first_failed_at__isnull=False, next_attempt_at=None)
    over = [
        invoice
        for invoice in failed.order_by("first_failed_at")[:GIVE_UP_MAX]
        if invoice.first_failed_at and dunning.given_up(first_failed_at=invoice.first_failed_at, now=now)
    ]
    for invoice in over:
        # It is being paid at this moment, or Stripe cannot say: the next tick looks again.
        with suppress(InFlightError, NotOpenError, StripeUnavailableError):
            uncollectible(invoice=invoice, reason=f"unpaid: {invoice.failure}", actor=JOB, now=now)
    return len(over)


def _open(invoice: Invoice) -> Invoice:
    held = states.locked(invoice_id=invoice.pk)
    if held.state != State.OPEN:
        raise NotOpenError(f"The invoice is {held.state}.")
    if held.payments.filter(state="pending").exists():
        raise InFlightError("A payment of this invoice has just begun.")
    return held


def _void(held: Invoice, reason: str, actor: str, now: dt.datetime) -> Invoice:
    kept = carrying.credits_of(invoice=held)
    # A credit note's line was booked when it was given, and stays so until it is used.
    noted = sum(line.amount_cents for line in kept if line.kind == InvoiceLine.Kind.CREDIT)
    taken_back = settling.receivable_cents(invoice=held) - noted
    _write_off(held, taken_back, chart.REVENUE, kind="invoice_void", actor=actor, now=now)
    closed = _closed(held, State.VOID, reason, actor, now)
    carrying.carry(invoice=closed, lines=kept, now=now)
    return closed


def _write_off(
    invoice: Invoice, cents: int, against: PlatformWallet, *, kind: str, actor: str, now: dt.datetime
) -> None:
    value = money.cents_to_micros(cents)
    if value:
        ledger.post(
            kind=kind,
            source=Source("invoice", invoice.public_id),
            actor=actor,
            legs=[Leg(chart.RECEIVABLE, value), Leg(against, -value)],
            now=now,
            description=f"Invoice {invoice.public_id}",
        )


def _closed(invoice: Invoice, to: Invoice.State, reason: str, actor: str, now: dt.datetime) -> Invoice:
    audit.acted(actor=actor, act=f"invoice.{to}", object_id=invoice.public_id, reason=reason, now=now)
    return states.change(
        invoice=invoice, to=to, reason=reason, actor=actor, now=now, closed_at=now, next_attempt_at=None
    )
