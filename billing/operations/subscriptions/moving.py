"""Move subscribers to another version of their plan: decided by somebody, told of by mail, done as periods begin."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import transaction

from accounts import audit
from billing.models import SubscriptionMove
from billing.operations.subscriptions import states
from billing.queries import moves as queries
from billing.queries.moves import Proposal
from config.kit import jobs, mail, reasons
from config.kit.errors import InvalidInputError

State = SubscriptionMove.State
SWEEP_MAX: Final = 200
LATE: Final = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided a move, and why."""

    actor: str
    reason: str


def plan(*, proposal: Proposal, decision: Decision, now: dt.datetime) -> int:
    """Plan the move of everybody who can be moved, and return how many were planned by this call.

    Each subscriber is one transaction: what was interrupted is called again, and goes on with the rest.
    Raises InvalidInputError without a reason, or with less notice than the platform promises.
    """
    _check(proposal, decision)
    able = [each for each in queries.movers(proposal=proposal, now=now) if not each.problem]
    return sum(_plan_one(each.subscription_id, proposal, decision, now) for each in able)


def call_off(*, move_ids: list[int], decision: Decision, now: dt.datetime) -> int:
    """Call planned moves off, and return how many there were."""
    return sum(_call_off_one(key, decision, now) for key in move_ids)


def tell(*, move_id: int, now: dt.datetime) -> None:
    """Mail the notice of a planned move unless it was sent; one that was sent and not noted is sent again."""
    rows = SubscriptionMove.objects.select_related(
        "subscription__customer",
        "subscription__agent",
        "subscription__tier",
        "from_tier__version__plan",
        "tier__version__plan",
    )
    move = rows.filter(pk=move_id, state=State.PLANNED, told_at=None).first()
    if move is None:
        return
    letter = queries.letter(move=move, told_at=now)
    mail.send(
        subject=letter.subject,
        template="billing/mail/move.txt",
        context={"letter": letter},
        to=[move.subscription.customer.email],
    )
    SubscriptionMove.objects.filter(pk=move.pk, told_at=None, state=State.PLANNED).update(told_at=now)


def sweep(*, now: dt.datetime) -> int:
    """Send the notices whose job was lost, and return how many were asked for."""
    left = SubscriptionMove.objects.filter(state=State.PLANNED, told_at=None, created_at__lte=now - LATE)
    found = list(left.order_by("created_at").values_list("pk", flat=True)[:SWEEP_MAX])
    for move_id in found:
        jobs.enqueue("billing.send_move_notice", move_id=move_id)
    return len(found)


def _check(proposal: Proposal, decision: Decision) -> None:
    reasons.check(reason=decision.reason)
    if proposal.notice_days < settings.PRICE_NOTICE_DAYS:
        raise InvalidInputError.of("notice_days", f"must be {settings.PRICE_NOTICE_DAYS} or more")


def _plan_one(subscription_id: int, proposal: Proposal, decision: Decision, now: dt.datetime) -> bool:
    with transaction.atomic():
        subscription = states.locked(subscription_id=subscription_id)
        # Renewed, changed or cancelled meanwhile: what holds is read again under the lock.
        found = queries.movers(proposal=proposal, now=now, only=subscription_id)
        if not found or found[0].problem:
            return False
        (mover,) = found
        assert mover.tier_id is not None
        move = SubscriptionMove.objects.create(
            subscription=subscription,
            from_tier=subscription.tier,
            tier_id=mover.tier_id,
            reason=decision.reason,
            actor=decision.actor,
            created_at=now,
            notice_days=proposal.notice_days if mover.worse else 0,
        )
        told = f"to be moved to version {proposal.to.number} by {decision.actor}: {decision.reason}"
        states.note(subscription, reason=told, now=now)
        _audit("plan", subscription.public_id, decision, now)
        jobs.enqueue("billing.send_move_notice", move_id=move.pk)
    return True


def _call_off_one(move_id: int, decision: Decision, now: dt.datetime) -> bool:
    with transaction.atomic():
        asked = SubscriptionMove.objects.values_list("subscription_id", flat=True).get(pk=move_id)
        subscription = states.locked(subscription_id=asked)
        planned = SubscriptionMove.objects.filter(pk=move_id, state=State.PLANNED)
        if planned.update(state=State.CALLED_OFF, closed_at=now) != 1:
            return False
        told = f"the move to another version was called off by {decision.actor}: {decision.reason}"
        states.note(subscription, reason=told, now=now)
        _audit("call_off", subscription.public_id, decision, now)
    return True


def _audit(act: str, subscription: str, decision: Decision, now: dt.datetime) -> None:
    audit.acted(
        actor=decision.actor,
        act=f"subscriptionmove.{act}",
        object_id=subscription,
        reason=decision.reason,
        now=now,
    )
