"""How a payout may move from state to state, and the one guarded function that moves it."""

import datetime as dt
from typing import Any, Final

from config.kit.errors import ConflictError
from payouts.models import Payout, PayoutStateChange

State = Payout.State

TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    State.DRAFT: frozenset({State.APPROVED, State.CANCELLED}),
    # To failed without an attempt: the account was swapped or restricted since; nothing has moved.
    State.APPROVED: frozenset({State.SENDING, State.FAILED, State.CANCELLED}),
    # Back to approved: Stripe's balance was too low, so it waits for funds.
    State.SENDING: frozenset({State.SENT, State.UNKNOWN, State.FAILED, State.APPROVED}),
    State.UNKNOWN: frozenset({State.SENT, State.FAILED, State.APPROVED}),
    State.FAILED: frozenset({State.APPROVED, State.CANCELLED}),
    State.SENT: frozenset({State.PAID, State.REVERSED}),
    # Back to sent: the bank returned what it had accepted; the money lies in the connected account again.
    State.PAID: frozenset({State.SENT, State.REVERSED}),
    State.REVERSED: frozenset(),
    State.CANCELLED: frozenset(),
}


class PayoutStateError(ConflictError):
    """The payout is in a state that does not allow this, or somebody else moved it first."""

    code = "payout_state"
    title = "The payout is in another state"


def advance(
    *, payout: Payout, to: str, actor: str, now: dt.datetime, reason: str = "", **columns: Any
) -> Payout:
    """Move a payout from the state it was read in, by compare-and-swap, and write the history row.

    Raises PayoutStateError when the table above forbids the move or the row has left that state meanwhile.
    """
    old = payout.state
    if to not in TRANSITIONS[old]:
        raise PayoutStateError(f"A payout that is {old} cannot become {to}.")
    if not Payout.objects.filter(pk=payout.pk, state=old).update(state=to, **columns):
        raise PayoutStateError(f"The payout is no longer {old}.")
    PayoutStateChange.objects.create(payout=payout, old=old, new=to, actor=actor, reason=reason, at=now)
    for name, value in {"state": to, **columns}.items():
        setattr(payout, name, value)
    return payout
