"""What follows from an event of Stripe's: a job that asks Stripe how things stand.

Events come twice, late and out of order, so they only say where to look.
"""

from typing import Any, Final

from djstripe.event_handlers import djstripe_receiver
from djstripe.models import Event

from config.kit import jobs

CHECKOUT_EVENTS: Final = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)


@djstripe_receiver(CHECKOUT_EVENTS)
def on_checkout(*, event: Event, **_: Any) -> None:
    """Look a checkout up once dj-stripe's transaction has committed."""
    follow_up({"type": event.type, "data": event.data})


def follow_up(event: dict[str, Any]) -> None:
    """Enqueue the job that an event calls for; events that call for none are fine."""
    found = event.get("data", {}).get("object", {})
    if event["type"] in CHECKOUT_EVENTS and isinstance(found, dict) and isinstance(found.get("id"), str):
        jobs.enqueue("billing.fulfil_checkout", session_id=found["id"])
