"""When a failed charge is tried again, and what follows the last try. Pure.

Days count from the first failure, so that a slow worker does not stretch the plan. A refusal that only the customer
can mend (a lost card, a bank that asks) is not repeated by itself: it waits for another card, until it is given up.
"""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

RETRY_DAYS: Final = (1, 3, 7, 14)
GIVE_UP_DAYS: Final = 21
# Codes of Stripe's (and our own `no_card`) that trying again cannot change.
NEEDS_CUSTOMER: Final = frozenset(
    {
        *("authentication_required", "no_card", "lost_card", "stolen_card", "pickup_card", "expired_card"),
        *("fraudulent", "restricted_card", "revocation_of_authorization", "stop_payment_order"),
        *("invalid_account", "card_not_supported", "transaction_not_allowed", "test_mode_live_card"),
        *("incorrect_number", "incorrect_cvc", "payment_method_unexpected_state", "resource_missing"),
    }
)


class Step(enum.StrEnum):
    """What follows a failed charge."""

    RETRY = "retry"
    ACTION = "action"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do next, when, and when to give up."""

    step: Step
    next_attempt_at: dt.datetime | None
    gives_up_at: dt.datetime


def plan(
    *,
    failures: int,
    first_failed_at: dt.datetime,
    code: str,
    now: dt.datetime,
    days: Sequence[int] = RETRY_DAYS,
) -> Plan:
    """Say what follows the n-th failure, which Stripe explained by a code."""
    gives_up_at = first_failed_at + dt.timedelta(days=GIVE_UP_DAYS)
    if code in NEEDS_CUSTOMER:
        return Plan(Step.ACTION, None, gives_up_at)
    if failures > len(days):
        return Plan(Step.LAST, None, gives_up_at)
    # After a long pause of the worker two of the plan's days may be past: one try makes up for both.
    planned = first_failed_at + dt.timedelta(days=days[failures - 1])
    return Plan(Step.RETRY, max(planned, now + dt.timedelta(hours=1)), gives_up_at)


def given_up(*, first_failed_at: dt.datetime, now: dt.datetime) -> bool:
    """Say whether an unpaid invoice has been pursued for long enough."""
    return now >= first_failed_at + dt.timedelta(days=GIVE_UP_DAYS)
