"""The invoice of a subscription's first payment: issued and paid at once, for the checkout has the money."""

import datetime as dt

from django.db import connection

from billing.models.invoices import Invoice, InvoiceNotice
from billing.models.subscriptions import Subscription, SubscriptionPeriod
from billing.operations.invoices import drafting, finalising, notices, states
from billing.operations.subscriptions import lines
from billing.periods import Period
from billing.stripe.checkout import Payment
from billing.taxes import Tax
from wallets import chart, ledger, money
from wallets.ledger import Leg, Source

ACTOR = "job:billing.fulfil_checkout"


def paid_at_checkout(
    *, subscription: Subscription, period: SubscriptionPeriod, payment: Payment, now: dt.datetime
) -> Invoice:
    """Write the final, numbered, paid invoice of a first period, in the transaction that books its fee.

    What the checkout took above the fee is its tax, as it was when the checkout was opened.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A first invoice is written in the transaction that activates its subscription.")
    invoice = drafting.single(
        customer_id=subscription.customer_id, period=Period(period.starts_at, period.ends_at), now=now
    )
    lines.charge_fee(period=period, now=now, invoice=invoice)
    taxed = Tax(subscription.tax_country, subscription.tax_rate, subscription.tax_cents)
    finalising.issue(invoice=invoice, now=now, taxed=taxed)
    if taxed.cents:
        _book_tax(invoice, payment, now)
    return _close(invoice, payment, now)


def _book_tax(invoice: Invoice, payment: Payment, now: dt.datetime) -> None:
    tax = money.cents_to_micros(invoice.tax_cents)
    ledger.post(
        kind="invoice_paid",
        # The payment's own cause, as its fee's: what Stripe tells of one charge is compared as one.
        source=Source("payment_intent", payment.intent_id),
        actor=ACTOR,
        legs=[Leg(chart.STRIPE_CASH, -tax), Leg(chart.TAX, tax)],
        now=now,
        occurred_at=payment.paid_at,
        description=f"Tax of invoice {invoice.public_id}",
    )


def _close(invoice: Invoice, payment: Payment, now: dt.datetime) -> Invoice:
    states.change(
        invoice=invoice,
        to=Invoice.State.PAID,
        reason=f"paid by {payment.intent_id}",
        actor=ACTOR,
        now=now,
        paid_at=now,
        payment_intent_id=payment.intent_id,
        next_attempt_at=None,
    )
    notices.tell(invoice=invoice, kind=InvoiceNotice.Kind.PAID, now=now)
    return invoice
