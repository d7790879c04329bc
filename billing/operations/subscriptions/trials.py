"""Trials: a card is saved first, then a plan is free for some days; one a customer and plan, ever."""

import datetime as dt
import logging
from typing import Final

from django.db import transaction

from billing.models.subscriptions import Subscription, Trial
from billing.operations.subscriptions import starting, states
from billing.queries import subscriptions as queries
from billing.queries import trial_letters
from config.kit import mail
from config.kit.errors import ConflictError

logger = logging.getLogger(__name__)

State = Subscription.State
TELL_MAX: Final = 200


class TrialUsedError(ConflictError):
    """The customer has tried the plan before, or has a paid plan."""

    code = "trial_used"
    title = "There is no trial for you"


def require_untried(*, customer_id: int, plan_id: int, now_on: Subscription | None) -> None:
    """Raise TrialUsedError for a customer who has tried the plan, or has another paid one now."""
    if Trial.objects.filter(customer_id=customer_id, plan_id=plan_id).exists():
        raise TrialUsedError("You have tried this plan before.")
    if now_on is not None and now_on.tier.price_usd.amount:
        raise TrialUsedError(f"You are on {queries.name(now_on)}; change it instead.")


def begin(*, subscription_id: int, now: dt.datetime) -> None:
    """Start the trial of a subscription whose card was saved, once; a second trial lapses, and costs nothing."""
    with transaction.atomic():
        subscription = states.locked(subscription_id=subscription_id)
        if subscription.state != State.INCOMPLETE:
            return
        plan_id = subscription.version.plan_id
        live = queries.live(customer_id=subscription.customer_id, agent_id=None)
        try:
            require_untried(customer_id=subscription.customer_id, plan_id=plan_id, now_on=live)
        except TrialUsedError as refusal:
            states.change(
                subscription, state=State.EXPIRED, reason=refusal.detail, now=now, failure=refusal.detail
            )
            return
        # The days count from the moment the card is there, not from the wish.
        ends_at = now + dt.timedelta(days=subscription.tier.trial_days)
        subscription.trial_end = ends_at
        starting.start(
            subscription=subscription, reason="its trial began", now=now, trial_end=ends_at, failure=""
        )
        Trial.objects.create(
            customer_id=subscription.customer_id,
            plan_id=plan_id,
            subscription=subscription,
            started_at=now,
            ends_at=ends_at,
        )


def tell_due(*, now: dt.datetime) -> int:
    """Say by mail that trials end soon and what follows, and return how many were told."""
    going_on = Trial.objects.filter(
        told_at=None,
        ends_at__gt=now,
        ends_at__lte=now + trial_letters.BEFORE,
        subscription__state=State.ACTIVE,
        subscription__cancel_at=None,
    )
    rows = going_on.select_related(
        "subscription__customer", "subscription__agent", "subscription__tier__version__plan"
    )
    return sum(_tell(trial, now) for trial in rows.order_by("ends_at")[:TELL_MAX])


def _tell(trial: Trial, now: dt.datetime) -> bool:
    letter = trial_letters.letter(trial=trial)
    try:
        mail.send(
            subject=letter.subject,
            template="billing/mail/trial.txt",
            context={"letter": letter},
            to=[trial.subscription.customer.email],
        )
    except OSError:
        # The row stays: the next tick sends it.
        logger.exception("trial.not_told id=%s", trial.pk)
        return False
    return Trial.objects.filter(pk=trial.pk, told_at=None).update(told_at=now) == 1
