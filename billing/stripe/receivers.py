"""What follows from an event of Stripe's: a job that asks Stripe how things stand.

Events come twice, late and out of order, so they only say where to look.
"""

from typing import Any, Final

from djstripe.event_handlers import djstripe_receiver
from djstripe.models import Event

from billing.queries import purchases
from billing.queries.purchases import Bought
from config.kit import jobs

CHECKOUT_EVENTS: Final = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
# A declined card leaves its checkout open; the page that the payer comes back to should know why.
DECLINED: Final = "payment_intent.payment_failed"
# What became of a charge of a saved card, where the answer to it was lost or its outcome takes its time.
CHARGE_EVENTS: Final = (
    "payment_intent.succeeded",
    DECLINED,
    "payment_intent.requires_action",
    "payment_intent.canceled",
)
# Money given back, by us or in Stripe's dashboard, or handed back by a bank; a charge and a refund name their payment.
REFUND_EVENTS: Final = (
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
)
# Whatever they say, the dispute itself says it better.
DISPUTE_EVENTS: Final = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)


@djstripe_receiver((*CHECKOUT_EVENTS, *CHARGE_EVENTS, *REFUND_EVENTS, *DISPUTE_EVENTS))
def on_payment(*, event: Event, **_: Any) -> None:
    """Look a checkout, a charge or a dispute up once dj-stripe's transaction has committed."""
    follow_up({"type": event.type, "data": event.data})


def follow_up(event: dict[str, Any]) -> None:
    """Enqueue the job that an event calls for; events that call for none are fine."""
    match event:
        case {"type": type_, "data": {"object": {"id": str(session_id)}}} if type_ in CHECKOUT_EVENTS:
            jobs.enqueue("billing.fulfil_checkout", session_id=session_id)
        case {"type": type_, "data": {"object": {"payment_intent": str(intent_id)}}} if (
            type_ in REFUND_EVENTS
        ):
            jobs.enqueue("billing.sync_refunds", intent_id=intent_id)
        case {"type": type_, "data": {"object": {"id": str(dispute_id)}}} if type_ in DISPUTE_EVENTS:
            jobs.enqueue("billing.follow_dispute", dispute_id=dispute_id)
        case {
            "type": type_,
            "data": {"object": {"id": str(intent_id), "metadata": {"reference": str(ours)}}},
        } if type_ in CHARGE_EVENTS:
            _follow_charge(type_, intent_id, purchases.by_reference(reference=ours))


def _follow_charge(type_: str, intent_id: str, purchase: Bought | None) -> None:
    if purchase is None:
        return
    if purchase.stripe_session_id:
        # Its checkout tells of every other outcome itself.
        if type_ == DECLINED:
            jobs.enqueue("billing.fulfil_checkout", session_id=purchase.stripe_session_id)
    else:
        jobs.enqueue("billing.follow_charge", intent_id=intent_id)
