"""A customer's consent to use above what its plan includes: given and taken back at any time."""

import datetime as dt
from functools import partial

from django.db import transaction

from billing.models.subscriptions import Subscription
from billing.operations.subscriptions import allowances, states
from billing.queries import subscriptions as queries
from config.kit.errors import InvalidInputError

State = Subscription.State


def overage(*, subscription_id: int, allowed: bool, actor: str, now: dt.datetime) -> Subscription:
    """Let a subscription go above what it includes, or stop there; what went above it stays owed.

    Raises SubscriptionStateError unless it is live, InvalidInputError for an agent's tier, which has no overage.
    """
    with transaction.atomic():
        subscription = states.locked(subscription_id=subscription_id)
        states.require_live(subscription)
        if subscription.agent_id is not None:
            raise InvalidInputError("An agent's tier stops at what it includes.")
        if subscription.overage != allowed:
            said = "allowed" if allowed else "stopped"
            states.note(subscription, reason=f"overage {said} by {actor}", now=now, overage=allowed)
            period = queries.current(subscription)
            # Past due or paused it stays where it is: what is paid, or resumed, is permitted then.
            if subscription.state == State.ACTIVE and period.granted_at:
                allowances.permit(period=period, now=now)
        return subscription


allow_overage = partial(overage, allowed=True)
stop_overage = partial(overage, allowed=False)
