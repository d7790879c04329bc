"""What comes free of disputed lots is frozen for their disputes, as what was free when they opened was.

A hold keeps what it leans on. When it lets go without a charge, the dispute has what it wants of it: at once where a
refund held it, whose end is ours; with the next sweep where runs did, so that no run asks about disputes.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from billing.models.disputes import Dispute
from billing.queries import purchases
from billing.queries.lineage import Payment
from config.kit import jobs
from wallets import freezing
from wallets.ledger import Source
from wallets.models import FrozenLot

ACTOR: Final = "job:billing.freeze_freed"


def lock(*, payment: Payment) -> list[Dispute]:
    """Lock what was paid for, as its crediting and its disputes do, and give its customer's disputes that want more.

    Before any wallet, and what they dispute in one order with it: nobody waits in a ring.
    """
    wanting = _wanting().filter(customer_id=payment.customer_id)
    intents = {payment.intent_id, *wanting.values_list("payment_intent_id", flat=True)}
    _lock(intents)
    # Only now: a dispute of one of these that opened meanwhile is among them.
    return list(wanting.filter(payment_intent_id__in=intents).select_for_update().order_by("pk"))


def freeze(*, disputes: Iterable[Dispute], now: dt.datetime) -> int:
    """Freeze what is free of locked disputes' lots, at most what each could not freeze before; give how much."""
    return sum(_freeze(dispute, now) for dispute in disputes)


def sweep(*, now: dt.datetime) -> int:
    """Freeze what holds have let go of since disputes opened; give how much."""
    lots = FrozenLot.objects.filter(source_type="dispute", thawed_at=None, grant__remaining__gt=0)
    waiting = _wanting().filter(stripe_id__in=lots.values("source_id"))
    frozen = 0
    for dispute in waiting.order_by("pk"):
        with jobs.fenced("dispute.not_frozen id=%s", dispute.stripe_id):
            frozen += _sweep(dispute, now)
    return frozen


def _sweep(dispute: Dispute, now: dt.datetime) -> int:
    with transaction.atomic():
        _lock({dispute.payment_intent_id})
        return freeze(disputes=_wanting().filter(pk=dispute.pk).select_for_update(), now=now)


def _wanting() -> QuerySet[Dispute]:
    return Dispute.objects.filter(state=Dispute.State.OPEN, at_stake__gt=0)


def _lock(intent_ids: Iterable[str]) -> None:
    found = [purchases.paid_by(intent_id=intent_id) for intent_id in intent_ids]
    bought = [each for each in found if each is not None]
    for each in sorted(bought, key=lambda each: (type(each).__name__, each.pk)):
        type(each).objects.select_for_update().get(pk=each.pk)


def _freeze(dispute: Dispute, now: dt.datetime) -> int:
    frozen = freezing.freeze_freed(
        most=dispute.at_stake,
        source=Source("dispute", dispute.stripe_id),
        actor=ACTOR,
        now=now,
        description=f"Dispute {dispute.stripe_id}",
    )
    dispute.frozen, dispute.at_stake = dispute.frozen + frozen, dispute.at_stake - frozen
    dispute.save(update_fields=["frozen", "at_stake"])
    return frozen
