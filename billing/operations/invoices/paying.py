"""Pay an open invoice at Stripe's checkout: asked for by its customer, one checkout at a time."""

import datetime as dt
import hashlib
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from billing.models.invoice_payments import InvoicePayment
from billing.models.invoices import Invoice
from billing.operations import checkouts
from billing.operations.checkouts import InFlightError
from billing.operations.invoices import attempts, states
from billing.queries.invoices import number_text
from billing.stripe import checkout as stripe_checkout
from billing.stripe.checkout import Checkout
from billing.stripe.errors import StripeRefusedError
from config.kit import ids, jobs
from config.kit.errors import ConflictError, KeyReusedError

Attempt = InvoicePayment.State
Method = InvoicePayment.Method
EXPIRED: Final = "The checkout expired."


class NotOpenError(ConflictError):
    """Only an invoice that is open, or was given up, can be paid."""

    code = "invoice_not_open"
    title = "The invoice is not open"


def request(*, invoice: Invoice, principal: str, key: str, now: dt.datetime) -> InvoicePayment:
    """Open a checkout for an invoice, late or not; while one is open, everybody who asks is given that one.

    Raises NotOpenError, InFlightError (the saved card is being charged), KeyReusedError, and what
    checkouts.open_for raises.
    """
    payment = _write(invoice=invoice, principal=principal, key=key, now=now)
    if payment.state != Attempt.PENDING:
        raise ConflictError(payment.failure or "This checkout has lapsed; ask again with a new key.")
    try:
        checkouts.open_for(
            purchase=payment,
            customer=invoice.customer,
            reference=payment.public_id,
            title=f"Invoice {number_text(invoice.number)}",
            now=now,
        )
    except StripeRefusedError as refusal:
        _close(payment, Attempt.FAILED, refusal.detail, now)
        raise
    return payment


def settle(*, payment: InvoicePayment, checkout: Checkout, now: dt.datetime) -> None:
    """Bring a payment in line with what Stripe says of its checkout: paid, expired, failed, or waiting."""
    money = checkout.payment
    if money is not None and checkout.is_paid:
        attempts.paid(payment_id=payment.pk, payment=money, now=now)
    elif checkout.status == "expired":
        _close(payment, Attempt.EXPIRED, EXPIRED, now)
    elif money is not None and checkout.status == "complete" and money.status == "requires_payment_method":
        _close(payment, Attempt.FAILED, money.failure or "The payment failed.", now)
    elif money is not None and money.failure:
        # Declined, but the checkout is open: the customer may still pay with another card.
        waiting = InvoicePayment.objects.filter(pk=payment.pk, state=Attempt.PENDING)
        waiting.update(failure=money.failure[:300], failure_code=money.failure_code[:60])


def close(*, payment: InvoicePayment, now: dt.datetime) -> bool:
    """Close an open checkout at Stripe, so that it takes no money any more; False when it was over already."""
    if not payment.stripe_session_id:
        # Its opener may still be waiting for Stripe; the sweeper lapses it within a day.
        return False
    if not stripe_checkout.expire(session_id=payment.stripe_session_id):
        jobs.enqueue("billing.fulfil_checkout", session_id=payment.stripe_session_id)
        return False
    _close(payment, Attempt.EXPIRED, EXPIRED, now)
    return True


def clear(*, invoice: Invoice, now: dt.datetime) -> None:
    """Make sure that no payment is under way; raise InFlightError when one is and cannot be called back."""
    pending = invoice.payments.filter(state=Attempt.PENDING).first()
    if pending is None:
        return
    if pending.method != Method.CHECKOUT or not close(payment=pending, now=now):
        raise InFlightError("A payment of this invoice is under way; try again when it has ended.")


def lapse(*, payment: InvoicePayment, now: dt.datetime) -> None:
    """Expire a payment that never came to a checkout: nobody can pay it."""
    _close(payment, Attempt.EXPIRED, "The checkout never opened.", now)


def _write(*, invoice: Invoice, principal: str, key: str, now: dt.datetime) -> InvoicePayment:
    asked = hashlib.sha256(invoice.public_id.encode()).digest()
    with transaction.atomic():
        # The invoice's lock: a charge of the saved card and a checkout never begin side by side.
        held = states.locked(invoice_id=invoice.pk)
        known = InvoicePayment.objects.filter(principal=principal, idempotency_key=key).first()
        if known:
            if bytes(known.fingerprint) != asked:
                raise KeyReusedError("This key came with another invoice before.")
            return known
        if not held.is_payable:
            raise NotOpenError
        pending = held.payments.filter(state=Attempt.PENDING).first()
        if pending and pending.method == Method.CARD:
            raise InFlightError("The saved card is being charged at this moment.")
        return pending or _new(held, principal, key, asked, now)


def _new(invoice: Invoice, principal: str, key: str, fingerprint: bytes, now: dt.datetime) -> InvoicePayment:
    page = f"{settings.SITE_URL}/invoices/{invoice.public_id}/"
    return InvoicePayment.objects.create(
        invoice=invoice,
        public_id=ids.new(ids.INVOICE_PAYMENT),
        number=(invoice.payments.aggregate(last=Max("number"))["last"] or 0) + 1,
        method=Method.CHECKOUT,
        principal=principal,
        idempotency_key=key,
        fingerprint=fingerprint,
        amount_cents=invoice.due_cents,
        success_url=f"{page}?paid=1",
        cancel_url=page,
        created_at=now,
    )


def _close(payment: InvoicePayment, state: InvoicePayment.State, failure: str, now: dt.datetime) -> None:
    pending = InvoicePayment.objects.filter(pk=payment.pk, state=Attempt.PENDING)
    pending.update(state=state, failure=failure[:300], closed_at=now)
