"""What jobs should have done hours ago and have not: its rows fail at every tick, and the log says why."""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from django.db.models import Q

from billing.models import Refund
from billing.queries import disputed
from payouts.models import GONE, Payout, PayoutAccount, PayoutAttempt, ReserveHold, Withdrawal
from payouts.queries import exclusions, recoveries, write_offs

# No job that looks for such rows pauses as long.
LATE: Final = dt.timedelta(hours=3)
# Accounts are read again when nothing was heard of them for six hours.
UNREAD: Final = dt.timedelta(hours=6) + LATE
SHOWN_MAX: Final = 100


def refunds(*, now: dt.datetime) -> list[int]:
    """Name the refunds that are neither given back nor refused."""
    waiting = Refund.objects.filter(state__in=Refund.OPEN, created_at__lte=now - LATE)
    return _first(waiting.order_by("id").values_list("id", flat=True)[:SHOWN_MAX])


def reserves(*, now: dt.datetime) -> list[int]:
    """Name the creators of whose reserve something should have been let go."""
    over = Q(release_at__lte=now - LATE)
    decided = Q(dispute__closed_at__lte=now - LATE) & ~Q(dispute__in=disputed.holding())
    holds = ReserveHold.objects.filter(over | decided, released_at=None)
    return _first(holds.order_by("creator").values_list("creator", flat=True))


def debts(*, now: dt.datetime) -> list[int]:
    """Name the debts that should have been written off, or of which what was paid should have been passed on."""
    due = write_offs.due(now=now - LATE)[:SHOWN_MAX]
    waiting = [one for one in recoveries.waiting() if one.created_at <= now - LATE]
    return _first([*(debt.pk for debt in due), *(recovery.debt_id for recovery in waiting)])


def payouts(*, now: dt.datetime) -> list[int]:
    """Name the payouts that are approved and covered but not sent, and those of which nobody knows what came."""
    covered = Q(state=Payout.State.APPROVED, failure_code="", approved_at__lte=now - LATE)
    silent = PayoutAttempt.objects.filter(outcome__in=PayoutAttempt.UNRESOLVED, started_at__lte=now - LATE)
    return _first(Payout.objects.filter(covered | Q(attempts__in=silent)).values_list("id", flat=True))


def runs(*, now: dt.datetime) -> list[int]:
    """Name the payout runs that could not prepare somebody."""
    return _first(exclusions.stuck(now=now).values_list("run", flat=True))


def accounts(*, now: dt.datetime) -> list[int]:
    """Name the connected accounts that cannot be read."""
    unread = PayoutAccount.objects.filter(synced_at__lte=now - UNREAD).exclude(
        Q(stripe_account_id=None) | Q(ended__in=GONE)
    )
    return _first(unread.order_by("synced_at").values_list("id", flat=True)[:SHOWN_MAX])


def withdrawals(*, now: dt.datetime) -> list[int]:
    """Name the withdrawals of which nobody knows what came."""
    unknown = Withdrawal.objects.filter(state__in=Withdrawal.UNRESOLVED, requested_at__lte=now - LATE)
    return _first(unknown.values_list("id", flat=True))


def _first(rows: Iterable[int]) -> list[int]:
    return sorted(set(rows))[:SHOWN_MAX]
