"""A subscription's state: locked with its siblings, changed by compare-and-swap, each step written down."""

import datetime as dt
from typing import Any, Final

from accounts.models import Customer
from billing.models.subscriptions import FOLLOWS, LIVE, Subscription, SubscriptionStateChange
from config.kit.errors import ConflictError

State = Subscription.State
REASON_LENGTH_MAX: Final = 300


class SubscriptionStateError(ConflictError):
    """The subscription's state does not allow this."""

    code = "subscription_state"
    title = "The subscription does not allow this now"


def locked(*, subscription_id: int) -> Subscription:
    """Lock a customer's subscriptions and give one: of two writers, the second sees what the first did."""
    asked = Subscription.objects.values_list("customer_id", "agent_id").get(pk=subscription_id)
    # The customer's row stands for subscriptions that are not written yet: two attaches at once take turns.
    Customer.objects.select_for_update(no_key=True).only("pk").get(pk=asked[0])
    rows = Subscription.objects.select_related(
        "agent__creator", "version__plan", "tier", "pending_tier", "customer"
    )
    return rows.get(pk=subscription_id)


def lock_customer(*, customer_id: int) -> None:
    """Let whoever changes a customer's subscriptions take turns."""
    Customer.objects.select_for_update(no_key=True).only("pk").get(pk=customer_id)


def change(subscription: Subscription, *, state: State, reason: str, now: dt.datetime, **facts: Any) -> None:
    """Change a subscription's state, if it is still the one that was read, and say why.

    Raises SubscriptionStateError when that state does not follow this one.
    """
    old = subscription.state
    if state not in FOLLOWS[old]:
        raise SubscriptionStateError(f"A subscription that is {old} does not become {state}.")
    facts |= _times(state, now)
    changed = Subscription.objects.filter(pk=subscription.pk, state=old).update(state=state, **facts)
    if changed != 1:
        raise SubscriptionStateError(f"{subscription.public_id} changed meanwhile.")
    SubscriptionStateChange.objects.create(
        subscription=subscription,
        from_state=old,
        to_state=state,
        reason=reason[:REASON_LENGTH_MAX],
        changed_at=now,
    )
    for name, value in {"state": state, **facts}.items():
        setattr(subscription, name, value)


def note(subscription: Subscription, *, reason: str, now: dt.datetime, **facts: Any) -> None:
    """Change facts of a subscription that keeps its state, and say why."""
    Subscription.objects.filter(pk=subscription.pk).update(**facts)
    SubscriptionStateChange.objects.create(
        subscription=subscription,
        from_state=subscription.state,
        to_state=subscription.state,
        reason=reason[:REASON_LENGTH_MAX],
        changed_at=now,
    )
    for name, value in facts.items():
        setattr(subscription, name, value)


def require_live(subscription: Subscription) -> None:
    """Raise SubscriptionStateError unless the subscription is live."""
    if subscription.state not in LIVE:
        raise SubscriptionStateError(f"{subscription.public_id} is {subscription.state}.")


def _times(state: State, now: dt.datetime) -> dict[str, dt.datetime | None]:
    return {
        "paused_at": now if state == State.PAUSED else None,
        "past_due_at": now if state == State.PAST_DUE else None,
    }
