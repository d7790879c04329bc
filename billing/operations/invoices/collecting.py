"""Collect an open invoice from the saved card: one charge, whatever is retried, raced or killed.

An attempt is a row before Stripe hears of it, and its key at Stripe is made of the row. An invoice has one pending
attempt at most, so another charge is only made when Stripe has said what became of the one before.
"""

import datetime as dt
from contextlib import suppress
from typing import Final, assert_never

from django.db import transaction
from django.db.models import Max, Q

from billing.models.invoice_payments import InvoicePayment
from billing.models.invoices import Invoice
from billing.models.stripe import StripeCustomer
from billing.operations.checkouts import CALL_SECONDS_MAX, InFlightError
from billing.operations.invoices import attempts, cards, closing, failing, paying, states, unbegun
from billing.operations.invoices.paying import NotOpenError
from billing.queries import purchases
from billing.stripe import payments
from billing.stripe.checkout import Payment
from billing.stripe.errors import StripeRefusedError
from billing.stripe.payments import Card
from config.kit import ids, jobs

State = Invoice.State
Method = InvoicePayment.Method
Attempt = InvoicePayment.State
DUE_MAX: Final = 500
# A checkout that was opened keeps the saved card from being charged for so long.
CHECKOUT_LIVES: Final = dt.timedelta(hours=1)
FRESH: Final = dt.timedelta(seconds=30)
# Stripe keeps a key for a day at least: after that an attempt is looked up, never repeated.
KEY_LIVES: Final = dt.timedelta(hours=23)


def collect(*, invoice_id: int, now: dt.datetime, asked: bool = False) -> Invoice:
    """Charge the saved card for an open invoice that is due, or at once for any that can be paid when it is asked for.

    Raises StripeUnavailableError while the outcome is unknown: the sweeper finds it out.
    """
    known = Invoice.objects.select_related("customer__stripe_customer").get(pk=invoice_id)
    if known.state == State.OPEN and unbegun.fees(invoice=known).exists():
        # Its subscription has ended since: nobody pays for what will not begin. A charge under way comes to its end.
        with suppress(InFlightError, NotOpenError):
            closing.replace(invoice=known, now=now)
        known.refresh_from_db()
        return known
    if not _may_charge(known, now, asked=asked):
        return known
    pending = known.payments.filter(state=Attempt.PENDING).first()
    if pending is None:
        card = _card(known)
        pending = _begin(invoice_id=invoice_id, card=card, now=now, asked=asked) if card else None
        if card is None:
            _note_no_card(invoice_id=invoice_id, now=now)
    if pending is not None:
        _pursue(pending, now)
    known.refresh_from_db()
    return known


def collect_due(*, now: dt.datetime) -> int:
    """Have the invoices charged whose time has come, and return how many."""
    due = Invoice.objects.filter(state=State.OPEN, next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
    found = list(due.values_list("pk", flat=True)[:DUE_MAX])
    for invoice_id in found:
        jobs.enqueue("billing.collect_invoice", invoice_id=invoice_id)
    return len(found)


def resolve_pending(*, now: dt.datetime) -> int:
    """Find out what became of charges whose answer was lost, and return how many were open."""
    waiting = InvoicePayment.objects.filter(state=Attempt.PENDING, method=Method.CARD)
    free = waiting.filter(Q(calling_until=None) | Q(calling_until__lte=now), created_at__lte=now - FRESH)
    found = list(free.order_by("created_at").values_list("pk", flat=True)[:DUE_MAX])
    for payment_id in found:
        jobs.enqueue("billing.resolve_invoice_payment", payment_id=payment_id)
    return len(found)


def resolve(*, payment: InvoicePayment, now: dt.datetime) -> None:
    """Bring a pending charge to its end: ask, or ask again under the same key, and write down what Stripe says."""
    if payment.state != Attempt.PENDING or not _take_turn(payment, now):
        return
    try:
        said = _ask(payment, now)
    except StripeRefusedError as refusal:
        failing.fail(
            payment_id=payment.pk,
            failure=refusal.detail,
            code=refusal.decline_code or refusal.stripe_code,
            now=now,
        )
        return
    finally:
        InvoicePayment.objects.filter(pk=payment.pk).update(calling_until=None)
    if said is not None and said.status not in attempts.DECIDED:
        # The key answers what it answered first; whether it was decided since is looked up.
        said = payments.look_up(intent_id=said.intent_id)
    attempts.take(payment_id=payment.pk, said=said, now=now)


def follow(*, intent_id: str, now: dt.datetime) -> None:
    """Write down what became of a charge of a saved card that Stripe tells of; leave alone what is not one."""
    said = payments.look_up(intent_id=intent_id)
    purchase = purchases.by_reference(reference=said.reference)
    if isinstance(purchase, InvoicePayment) and purchase.method == Method.CARD:
        # The worker that asked, the sweeper and several events may all bring it: it ends once, under the locks there.
        attempts.take(payment_id=purchase.pk, said=said, now=now)


def _pursue(pending: InvoicePayment, now: dt.datetime) -> None:
    match Method(pending.method):
        case Method.CARD:
            resolve(payment=pending, now=now)
        case Method.CHECKOUT:
            # Somebody may be typing a card there: it is only closed when it was left lying.
            if pending.created_at <= now - CHECKOUT_LIVES:
                paying.close(payment=pending, now=now)
        case _ as unknown:
            assert_never(unknown)


def _may_charge(invoice: Invoice, now: dt.datetime, *, asked: bool) -> bool:
    due_at = invoice.next_attempt_at
    return invoice.is_payable if asked else invoice.state == State.OPEN and bool(due_at and due_at <= now)


def _card(invoice: Invoice) -> Card | None:
    known = StripeCustomer.objects.filter(customer=invoice.customer_id).first()
    card = payments.newest_card(stripe_customer_id=known.stripe_id) if known else None
    if card:
        cards.show(customer_id=invoice.customer_id, card=card)
    return card


def _begin(*, invoice_id: int, card: Card, now: dt.datetime, asked: bool) -> InvoicePayment | None:
    """Write an attempt down before Stripe hears of it. What it asks is frozen: a repeat must not drift."""
    with transaction.atomic():
        invoice = states.locked(invoice_id=invoice_id)
        pending = invoice.payments.filter(state=Attempt.PENDING).first()
        # Two workers: the lock lets one write, the other finds its row, or that the time has moved on.
        if pending or not _may_charge(invoice, now, asked=asked):
            return pending
        number = (invoice.payments.aggregate(last=Max("number"))["last"] or 0) + 1
        public_id = ids.new(ids.INVOICE_PAYMENT)
        return InvoicePayment.objects.create(
            public_id=public_id,
            invoice=invoice,
            number=number,
            method=Method.CARD,
            principal="job:billing.collect_invoice",
            idempotency_key=public_id,
            fingerprint=b"",
            amount_cents=invoice.due_cents,
            stripe_customer_id=invoice.customer.stripe_customer.stripe_id,
            payment_method_id=card.payment_method_id,
            created_at=now,
        )


def _take_turn(payment: InvoicePayment, now: dt.datetime) -> bool:
    free = InvoicePayment.objects.filter(Q(calling_until=None) | Q(calling_until__lte=now), pk=payment.pk)
    until = now + dt.timedelta(seconds=CALL_SECONDS_MAX)
    return free.filter(state=Attempt.PENDING).update(calling_until=until) == 1


def _ask(payment: InvoicePayment, now: dt.datetime) -> Payment | None:
    if now >= payment.created_at + KEY_LIVES:
        return payments.find(
            reference=payment.public_id,
            stripe_customer_id=payment.stripe_customer_id,
            since=payment.created_at,
        )
    return payments.charge(
        reference=payment.public_id,
        stripe_customer_id=payment.stripe_customer_id,
        payment_method_id=payment.payment_method_id,
        amount_cents=payment.amount_cents,
        description=f"Invoice {payment.invoice.public_id}",
        idempotency_key=f"invoice-payment:{payment.public_id}",
    )


def _note_no_card(*, invoice_id: int, now: dt.datetime) -> None:
    with transaction.atomic():
        invoice = states.locked(invoice_id=invoice_id)
        if invoice.state == State.OPEN and invoice.failure_code != "no_card":
            failing.note(invoice=invoice, failure="There is no card on file.", code="no_card", now=now)
