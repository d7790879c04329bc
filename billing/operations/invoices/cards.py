"""The card that invoices are charged to: shown, changed at Stripe's page, and tried at once when it is new."""

import datetime as dt
from typing import Final

from django.conf import settings

from accounts.models import Customer
from billing.models.invoices import BillingProfile, Invoice
from billing.models.stripe import StripeCustomer
from billing.operations import checkouts
from billing.stripe import checkout, payments
from billing.stripe.payments import Card
from config.kit import jobs

PATH: Final = "/invoices/"


def request(*, customer: Customer, key: str, now: dt.datetime) -> str:
    """Open the page that takes another card and give its address; raise as errors.translated does.

    Nothing is charged there, so no row stands for it: a page that is opened twice takes two cards.
    """
    page = f"{settings.SITE_URL}{PATH}"
    opened = checkout.open_setup(
        reference=customer.public_id,
        stripe_customer_id=checkouts.stripe_customer(customer=customer, now=now),
        success_url=f"{page}?card={{CHECKOUT_SESSION_ID}}",
        cancel_url=page,
        idempotency_key=f"card:{customer.public_id}:{key}",
    )
    return opened.url


def adopt(*, reference: str, now: dt.datetime) -> None:
    """Note a customer's new card, and charge what waits for one. Twice is safe: a charge is made once."""
    known = StripeCustomer.objects.filter(customer__public_id=reference).first()
    card = payments.newest_card(stripe_customer_id=known.stripe_id) if known else None
    if known is None or card is None:
        return
    show(customer_id=known.customer_id, card=card)
    waiting = Invoice.objects.filter(customer=known.customer_id, state=Invoice.State.OPEN)
    # One that is tried for its first time is due anyway.
    failed = waiting.filter(attempts__gt=0)
    failed.update(next_attempt_at=now)
    for invoice_id in failed.values_list("pk", flat=True):
        jobs.enqueue("billing.collect_invoice", invoice_id=invoice_id)


def show(*, customer_id: int, card: Card) -> None:
    """Keep how the card on file reads, for pages."""
    BillingProfile.objects.update_or_create(customer_id=customer_id, defaults={"card": card.text})
