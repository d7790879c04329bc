"""How a refund goes from state to state: by compare-and-swap, with a history row."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from billing.models.refunds import Refund, RefundStateChange

State = Refund.State
REASON_MAX: Final = 300
FOLLOWS: Final[Mapping[str, frozenset[str]]] = {
    State.REQUESTED: frozenset({State.SENDING, State.REFUNDED, State.FAILED}),
    State.SENDING: frozenset({State.SENDING, State.UNKNOWN, State.REFUNDED, State.FAILED}),
    State.UNKNOWN: frozenset({State.SENDING, State.REFUNDED, State.FAILED}),
    # A bank may hand a refund back days later.
    State.REFUNDED: frozenset({State.FAILED}),
    # Stripe may know of one that we gave up, and may make it after all.
    State.FAILED: frozenset({State.REFUNDED}),
}


def advance(*, refund: Refund, to: str, reason: str, now: dt.datetime, **facts: Any) -> bool:
    """Move a refund on and keep its history; False when somebody else has moved it."""
    old = refund.state
    if to not in FOLLOWS[old]:
        raise ValueError(f"a refund does not go from {old} to {to}")
    with transaction.atomic():
        still = Refund.objects.filter(pk=refund.pk, state=old, calls=refund.calls)
        if not still.update(state=to, **facts):
            return False
        # A second call under the same key is no step: `calls` counts it.
        if to != old:
            RefundStateChange.objects.create(
                refund=refund, from_state=old, to_state=to, reason=reason[:REASON_MAX], changed_at=now
            )
    for name, value in {"state": to, **facts}.items():
        setattr(refund, name, value)
    return True


def begin(*, refund: Refund, reason: str, now: dt.datetime) -> None:
    """Begin the history of a refund that we hear of when it has been made."""
    RefundStateChange.objects.create(
        refund=refund, from_state=refund.state, to_state=refund.state, reason=reason, changed_at=now
    )
