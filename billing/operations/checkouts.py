"""Open Stripe's checkout for a purchase whose row is committed: once, whatever is clicked or killed."""

import datetime as dt
from typing import Any, Final

from django.db.models import Q, QuerySet

from accounts.models import Customer
from billing.models.stripe import StripeCustomer
from billing.queries.purchases import Bought
from billing.stripe import checkout, customers
from billing.stripe.checkout import Item, Opened
from billing.taxes import Tax
from config.kit.errors import ConflictError

# Longer than the client's time-outs and retries together; a killed process blocks its key no longer.
CALL_SECONDS_MAX: Final = 90


class InFlightError(ConflictError):
    """The same request is waiting for Stripe at this moment."""

    code = "request_in_flight"
    title = "The same request is in flight"


def open_for(
    *,
    purchase: Bought,
    customer: Customer,
    reference: str,
    title: str,
    now: dt.datetime,
    tax: Tax | None = None,
) -> None:
    """Give a purchase its checkout session, with a line for the tax inside of it; do nothing when it has one.

    Raises InFlightError while another process is at it, StripeUnavailableError (the same purchase may be
    tried again, under the same key of Stripe's) and StripeRefusedError.
    """
    if purchase.stripe_session_id:
        return
    if not _take_turn(purchase, now):
        purchase.refresh_from_db()
        if purchase.stripe_session_id:
            return
        raise InFlightError("Stripe has not answered yet; repeat with the same Idempotency-Key.")
    try:
        asked = {
            "reference": reference,
            "stripe_customer_id": stripe_customer(customer=customer, now=now),
            "success_url": purchase.success_url,
            "cancel_url": purchase.cancel_url,
            "idempotency_key": f"checkout:{reference}",
        }
        # What costs nothing yet saves the card only: a trial.
        opened = (
            checkout.open_session(items=_items(purchase, title, tax), **asked)
            if purchase.amount_cents
            else checkout.open_setup(**asked)
        )
    finally:
        _rows(purchase).update(calling_until=None)
    _record(purchase, opened)


def stripe_customer(*, customer: Customer, now: dt.datetime) -> str:
    """Give the id at Stripe of a customer, opening it the first time; raise as errors.translated does."""
    known = StripeCustomer.objects.filter(customer=customer).first()
    if known is None:
        stripe_id = customers.create(
            reference=customer.public_id, row_id=customer.pk, name=customer.name, email=customer.email
        )
        # Two first purchases at once: the row that was written first stands for both.
        known, _ = StripeCustomer.objects.get_or_create(
            customer=customer, defaults={"stripe_id": stripe_id, "created_at": now}
        )
    return known.stripe_id


def _items(purchase: Bought, title: str, tax: Tax | None) -> list[Item]:
    if tax is None or not tax.cents:
        return [Item(title, purchase.amount_cents)]
    return [Item(title, purchase.amount_cents - tax.cents), Item(tax.text, tax.cents)]


def _take_turn(purchase: Bought, now: dt.datetime) -> bool:
    # Two requests under one key: the row's compare-and-swap lets one through, the other answers 409.
    free = _rows(purchase).filter(Q(calling_until=None) | Q(calling_until__lte=now), stripe_session_id="")
    taken: int = free.update(calling_until=now + dt.timedelta(seconds=CALL_SECONDS_MAX))
    return taken == 1


def _record(purchase: Bought, opened: Opened) -> None:
    _rows(purchase).filter(stripe_session_id="").update(
        stripe_session_id=opened.session_id, checkout_url=opened.url, expires_at=opened.expires_at
    )
    purchase.refresh_from_db()


def _rows(purchase: Bought) -> QuerySet[Any]:
    return type(purchase).objects.filter(pk=purchase.pk)
