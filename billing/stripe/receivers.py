"""What follows from an event of Stripe's: a job that asks Stripe how things stand.

Events come twice, late and out of order, so they only say where to look.
"""

from typing import Any, Final

from djstripe.event_handlers import djstripe_receiver
from djstripe.models import Event

from billing.queries import purchases
from config.kit import jobs

CHECKOUT_EVENTS: Final = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
# A declined card leaves its checkout open; the page that the payer comes back to should know why.
DECLINED: Final = "payment_intent.payment_failed"


@djstripe_receiver((*CHECKOUT_EVENTS, DECLINED))
def on_payment(*, event: Event, **_: Any) -> None:
    """Look a checkout up once dj-stripe's transaction has committed."""
    follow_up({"type": event.type, "data": event.data})


def follow_up(event: dict[str, Any]) -> None:
    """Enqueue the job that an event calls for; events that call for none are fine."""
    session_id = _session_id(event)
    if session_id:
        jobs.enqueue("billing.fulfil_checkout", session_id=session_id)


def _session_id(event: dict[str, Any]) -> str:
    match event:
        case {"type": type_, "data": {"object": {"id": str(session_id)}}} if type_ in CHECKOUT_EVENTS:
            return session_id
        case {"type": type_, "data": {"object": {"metadata": {"reference": str(ours)}}}} if type_ == DECLINED:
            purchase = purchases.by_reference(reference=ours)
            return purchase.stripe_session_id if purchase else ""
        case _:
            return ""
