"""What we could not take in: events that break us, money that matches nothing. A person must look."""

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from billing.models.stripe import QuarantinedEvent
from billing.stripe.checkout import Payment
from billing.stripe.disputes import DisputeFacts
from wallets import chart, ledger, money
from wallets.ledger import Leg, Source

logger = logging.getLogger(__name__)

REASON_LENGTH_MAX: Final = 500
# Stripe retries for three days; what failed this often will not heal by itself.
ATTEMPTS_MAX: Final = 5


def payment(*, payment: Payment, reference: str, reason: str, now: dt.datetime) -> None:
    """Book money that matches no purchase to suspense, once, in the caller's transaction."""
    cash = money.cents_to_micros(payment.received_cents)
    ledger.post(
        kind="suspense",
        source=Source("payment_intent", payment.intent_id),
        actor="job:billing.fulfil_checkout",
        legs=[Leg(chart.STRIPE_CASH, -cash), Leg(chart.SUSPENSE, cash)],
        now=now,
        occurred_at=payment.paid_at,
        description=f"{reference}: {reason}"[:300],
    )
    _keep(stripe_id=payment.intent_id, type="payment", reason=f"{reference}: {reason}", body=b"", now=now)


def dispute(*, dispute: DisputeFacts, now: dt.datetime) -> None:
    """Book what a dispute of a payment that is not ours took, and gave back, to suspense; each once."""
    moved = (
        (dispute.stripe_id, -dispute.withdrawn_cents),
        (f"{dispute.stripe_id}:back", dispute.reinstated_cents),
    )
    with transaction.atomic():
        for cause, cents in moved:
            cash = money.cents_to_micros(cents)
            if cash:
                ledger.post(
                    kind="suspense",
                    source=Source("dispute", cause),
                    actor="job:billing.follow_dispute",
                    legs=[Leg(chart.STRIPE_CASH, -cash), Leg(chart.SUSPENSE, cash)],
                    now=now,
                    description=f"A dispute of {dispute.charge_id}, which nothing of ours was paid with"[
                        :300
                    ],
                )
        reason = f"disputes {dispute.charge_id}, which nothing of ours was paid with"
        _keep(stripe_id=dispute.stripe_id, type="dispute", reason=reason, body=b"", now=now)


def contradiction(*, dispute: DisputeFacts, ended: str, now: dt.datetime) -> None:
    """Keep a dispute that ended otherwise than it had ended before: its money has been dealt with."""
    reason = f"was {ended}, and is {dispute.status} now"
    _keep(stripe_id=dispute.stripe_id, type="dispute", reason=reason, body=b"", now=now)


def event(*, stripe_id: str, type: str, reason: str, body: bytes, now: dt.datetime) -> None:  # noqa: A002
    """Keep a signed event that can never be taken in."""
    _keep(stripe_id=stripe_id, type=type, reason=reason, body=body, now=now)


def attempt(*, stripe_id: str, type: str, reason: str, body: bytes, now: dt.datetime) -> bool:  # noqa: A002
    """Count an attempt that may succeed later; quarantine it, and say so, after too many."""
    with transaction.atomic():
        row, created = QuarantinedEvent.objects.get_or_create(
            stripe_id=stripe_id, defaults=_facts(type, reason, body, now)
        )
        if not created:
            again = QuarantinedEvent.objects.filter(pk=row.pk)
            again.update(attempts=F("attempts") + 1, last_at=now, reason=reason[:REASON_LENGTH_MAX])
            row.refresh_from_db()
        if row.attempts < ATTEMPTS_MAX:
            return False
    _keep(stripe_id=stripe_id, type=type, reason=reason, body=body, now=now)
    return True


def healed(*, stripe_id: str, now: dt.datetime) -> None:
    """Note that an event which failed before was taken in after all."""
    unresolved = QuarantinedEvent.objects.filter(stripe_id=stripe_id, resolved_at=None)
    unresolved.update(resolved_at=now, resolved_by="taken in")


def resolve(*, ids: Sequence[int], actor: str, now: dt.datetime) -> int:
    """Mark what somebody has looked into, and return how many were open."""
    unresolved = QuarantinedEvent.objects.filter(pk__in=ids, resolved_at=None)
    return unresolved.update(resolved_at=now, resolved_by=actor)


def _keep(*, stripe_id: str, type: str, reason: str, body: bytes, now: dt.datetime) -> None:  # noqa: A002
    logger.error("stripe.quarantined id=%s type=%s reason=%s", stripe_id, type, reason)
    row, _ = QuarantinedEvent.objects.get_or_create(
        stripe_id=stripe_id, defaults=_facts(type, reason, body, now)
    )
    QuarantinedEvent.objects.filter(pk=row.pk).update(
        last_at=now, quarantined_at=Coalesce("quarantined_at", now), reason=reason[:REASON_LENGTH_MAX]
    )


def _facts(type: str, reason: str, body: bytes, now: dt.datetime) -> dict[str, object]:  # noqa: A002
    return {
        "type": type[:100],
        "reason": reason[:REASON_LENGTH_MAX],
        "body": body,
        "first_at": now,
        "last_at": now,
    }
