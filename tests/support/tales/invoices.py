"""Invoices: issued, charged to the saved card, paid at a checkout, tried again with another card."""

from typing import Any, Final

from billing.models import Invoice, InvoicePayment
from billing.operations import checkouts, payments
from billing.operations.invoices import collecting, finalising, paying
from billing.stripe.client import client
from tests.support.checkout import pay
from tests.support.crash_points import Life
from tests.support.invoicing import DECLINED, GOOD, draft_of, issued, with_card
from tests.support.people import open_customer
from tests.support.stories import Stage, Story


def _drafted(stage: Stage, name: str) -> Invoice:
    return draft_of(with_card(open_customer(name)), 1_000, now=stage.now, name=name)


def _finalises(stage: Stage, invoice: Invoice) -> None:
    finalising.finalise(invoice_id=invoice.pk, now=stage.now)


def _issued(stage: Stage, name: str) -> Invoice:
    return issued(with_card(open_customer(name)), 1_000, now=stage.now, name=name)


def _collects(stage: Stage, invoice: Invoice) -> None:
    collecting.collect(invoice_id=invoice.pk, now=stage.now)


def _comes_to_be_paid(stage: Stage, invoice: Invoice, life: Life) -> None:
    # A dead process keeps its turn at Stripe for this long.
    stage.time.passes(seconds=checkouts.CALL_SECONDS_MAX)
    stage.sweep()
    invoice.refresh_from_db()
    assert invoice.state == Invoice.State.PAID


def _declined(stage: Stage, name: str) -> Invoice:
    return issued(with_card(open_customer(name), card=DECLINED), 1_000, now=stage.now, name=name)


def _is_mended(stage: Stage, invoice: Invoice, life: Life) -> None:
    """Let the sweeper find the decline out, then another card be entered and its day come."""
    stage.time.passes(seconds=checkouts.CALL_SECONDS_MAX)
    stage.sweep()
    stage.stripe.post("/_sim/clock/advance", seconds=60)
    with_card(invoice.customer, card=GOOD)
    stage.time.passes(days=2)
    _comes_to_be_paid(stage, invoice, life)


def _cardless(stage: Stage, name: str) -> Invoice:
    return issued(open_customer(name), 1_000, now=stage.now, name=name)


def _asks_for_checkout(stage: Stage, invoice: Invoice) -> str:
    payment = paying.request(invoice=invoice, principal="page", key=invoice.public_id, now=stage.now)
    return payment.stripe_session_id


def _pays_there(stage: Stage, invoice: Invoice, life: Life) -> None:
    stage.time.passes(seconds=checkouts.CALL_SECONDS_MAX)
    session_id = _asks_for_checkout(stage, invoice)
    assert life.killed or life.answer == session_id
    if client().v1.checkout.sessions.retrieve(session_id).status == "open":
        pay(stage.stripe, session_id)
    _comes_to_be_paid(stage, invoice, life)


def _paid_there(stage: Stage, name: str) -> Any:
    invoice = _cardless(stage, name)
    pay(stage.stripe, _asks_for_checkout(stage, invoice))
    stage.time.passes(minutes=1)
    return invoice


def _fulfils(stage: Stage, invoice: Invoice) -> None:
    payment = InvoicePayment.objects.get(invoice=invoice)
    payments.fulfil(session_id=payment.stripe_session_id, now=stage.now)


TALES: Final = {
    "an invoice is finalised": Story(_drafted, _finalises, _comes_to_be_paid),
    "an invoice is charged": Story(_issued, _collects, _comes_to_be_paid),
    "an invoice is declined": Story(_declined, _collects, _is_mended),
    "an invoice's checkout is opened": Story(_cardless, _asks_for_checkout, _pays_there),
    "an invoice's checkout is fulfilled": Story(_paid_there, _fulfils, _comes_to_be_paid),
}
