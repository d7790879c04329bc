"""Jobs around Stripe's checkout: fulfil what was paid, find what was lost, book the fees."""

from typing import Any, Final

from celery import shared_task

from billing.operations import fees, payments
from billing.stripe.errors import StripeUnavailableError
from config.kit import clock

RETRY_SECONDS: Final = 5
RETRIES: Final = 5


@shared_task(
    name="billing.fulfil_checkout",
    autoretry_for=(StripeUnavailableError,),
    retry_backoff=RETRY_SECONDS,
    max_retries=RETRIES,
)
def fulfil_checkout(*, session_id: str, **_: Any) -> None:
    """Credit a checkout that is paid. Twice is safe: the PaymentIntent is credited once."""
    payments.fulfil(session_id=session_id, now=clock.now())


@shared_task(name="billing.sweep_purchases")
def sweep_purchases(**_: Any) -> None:
    """Look up what still waits for its payment: a lost webhook is late, never lost."""
    payments.sweep(now=clock.now())


@shared_task(name="billing.sweep_fees")
def sweep_fees(**_: Any) -> None:
    """Record Stripe's newest balance transactions; each is booked once."""
    fees.sweep(now=clock.now())
