"""Jobs around Stripe's checkout: fulfil what was paid, find what was lost, book the fees."""

from typing import Any, Final

from celery import shared_task

from billing.models.refunds import Refund
from billing.operations import disputes, fees, freed, payments, refunds
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


@shared_task(name="billing.send_refund")
def send_refund(*, refund_id: int, **_: Any) -> None:
    """Ask Stripe for a refund. Twice is safe: one call at a time, under the refund's own key."""
    refunds.send(refund=Refund.objects.get(pk=refund_id), now=clock.now())


@shared_task(name="billing.sweep_refunds")
def sweep_refunds(**_: Any) -> None:
    """Send and look up what was not answered, and find what no webhook told of."""
    refunds.send_due(now=clock.now())
    refunds.sync_recent(now=clock.now())


@shared_task(
    name="billing.sync_refunds",
    autoretry_for=(StripeUnavailableError,),
    retry_backoff=RETRY_SECONDS,
    max_retries=RETRIES,
)
def sync_refunds(*, intent_id: str, **_: Any) -> None:
    """Book what Stripe has given back of a payment; each refund is booked once."""
    refunds.sync(intent_id=intent_id, now=clock.now())


@shared_task(
    name="billing.follow_dispute",
    autoretry_for=(StripeUnavailableError,),
    retry_backoff=RETRY_SECONDS,
    max_retries=RETRIES,
)
def follow_dispute(*, dispute_id: str, **_: Any) -> None:
    """Bring a dispute to the state that Stripe says it is in. Twice is safe: each step is booked once."""
    disputes.follow(dispute_id=dispute_id, now=clock.now())


@shared_task(name="billing.sweep_disputes")
def sweep_disputes(**_: Any) -> None:
    """Look disputes up whose events were lost: each is late, never lost."""
    disputes.sweep(now=clock.now())


@shared_task(name="billing.freeze_freed")
def freeze_freed(**_: Any) -> None:
    """Freeze what runs have let go of since their credits' payment was disputed. Twice is safe: it is free once."""
    freed.sweep(now=clock.now())
