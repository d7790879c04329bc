"""Invoices in tests: a customer with a card at the stand-in, and a draft with lines of use."""

import datetime as dt
from typing import Final, NoReturn

import pytest

from accounts.models import Customer
from billing.documents import pdf
from billing.models import Invoice, InvoiceLine
from billing.operations import checkouts
from billing.operations.invoices import attempts, drafting, finalising, paying
from billing.operations.invoices.drafting import LineIn
from billing.periods import Period
from billing.stripe.checkout import Payment
from billing.stripe.client import client
from marketplace.models import Agent
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.subscribing import subscribe
from wallets.models import Wallet

NOW: Final = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
MARCH: Final = Period(dt.datetime(2026, 3, 1, tzinfo=dt.UTC), NOW)
GOOD: Final = "pm_card_visa"
# Attaches, and is declined whenever it is charged.
DECLINED: Final = "pm_card_chargeCustomerFail"
ASKS: Final = "pm_card_authenticationRequired"


def draft_of(customer: Customer, *cents: int, now: dt.datetime = NOW, name: str = "use") -> Invoice:
    """Draft an invoice with one line of use for each amount."""
    invoice = drafting.draft(customer_id=customer.pk, period=MARCH, now=now)
    for place, amount in enumerate(cents):
        add(invoice, amount, source=f"{name}:{customer.public_id}:{place}", now=now)
    return invoice


def add(invoice: Invoice, cents: int, *, source: str, now: dt.datetime = NOW) -> InvoiceLine:
    """Add a line of use."""
    line = LineIn(kind="usage", text=f"Runs of {source}", source=source, amount_micros=cents * 10_000)
    return drafting.add_line(invoice=invoice, line=line, now=now)


def issued(customer: Customer, *cents: int, now: dt.datetime = NOW, name: str = "use") -> Invoice:
    """Issue an invoice with one line of use for each amount."""
    return finalising.finalise(invoice_id=draft_of(customer, *cents, now=now, name=name).pk, now=now)


def bill_overage(
    customer: Customer, wallet: Wallet, *, debt: int, cents: int, now: dt.datetime = NOW
) -> Invoice:
    """Issue an invoice with one line for what a wallet owes."""
    invoice = drafting.draft(customer_id=customer.pk, period=MARCH, now=now)
    line = LineIn(
        kind="overage",
        text="Overage",
        source=f"overage:{wallet.pk}",
        amount_micros=cents * 10_000,
        wallet_id=wallet.pk,
        debt=debt,
    )
    drafting.add_line(invoice=invoice, line=line, now=now)
    return finalising.finalise(invoice_id=invoice.pk, now=now)


def with_card(customer: Customer | None = None, *, card: str = GOOD) -> Customer:
    """Give a customer a card at Stripe."""
    owner = customer or open_customer()
    stripe_id = checkouts.stripe_customer(customer=owner, now=NOW)
    client().v1.payment_methods.attach(card, {"customer": stripe_id})
    return owner


def paid_unseen(invoice: Invoice, intent_id: str, *, now: dt.datetime = NOW) -> None:
    """Let Stripe tell that an issued invoice was paid at its checkout, without Stripe."""
    attempt = paying._write(invoice=invoice, principal="test", key=intent_id, now=now)
    payment = Payment(
        intent_id=intent_id,
        status="succeeded",
        currency="usd",
        received_cents=attempt.amount_cents,
        charge_id=f"ch_{intent_id}",
        paid_at=now,
        failure="",
        balance_line=None,
    )
    attempts.paid(payment_id=attempt.pk, payment=payment, now=now)


def first_invoice(customer: Customer, agent: Agent, standin: StripeStandin) -> Invoice:
    """Subscribe, pay at the checkout, and give the invoice of that payment."""
    return Invoice.objects.get(lines__subscription=subscribe(customer, agent, standin))


def lacking_pango(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system lack what PDFs are drawn with."""

    def absent() -> NoReturn:
        raise pdf.NoPangoError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(pdf, "_weasyprint", absent)
