"""What creators have earned that has not become payable yet, and what has and is in no payout."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Sum

from billing.models import Earning
from payouts.models import MaturedEarning, PayoutItem, PayoutRun


@dataclass(frozen=True)
class Line:
    """What one agent earned one creator in one UTC day."""

    creator_id: int
    agent_id: int
    day: dt.date
    amount: int


def unmatured(*, before: dt.date, since: dt.date | None = None, creator_id: int | None = None) -> list[Line]:
    """Sum the earnings of days before a date that have not moved to payable, per creator, agent and day.

    `since` spares reading days that an earlier run has closed.
    """
    matured = MaturedEarning.objects.filter(creator_id=OuterRef("creator_id"), day=OuterRef("day"))
    earnings = Earning.objects.filter(~Exists(matured), day__lt=before)
    if since is not None:
        earnings = earnings.filter(day__gte=since)
    if creator_id is not None:
        earnings = earnings.filter(creator_id=creator_id)
    sums = earnings.values("creator_id", "agent_id", "day").annotate(total=Sum("amount")).filter(total__gt=0)
    return [
        Line(row["creator_id"], row["agent_id"], row["day"], int(row["total"]))
        for row in sums.order_by("creator_id", "day", "agent_id")
    ]


def closed_before(*, period_end: dt.date) -> dt.date | None:
    """Find up to which day the runs before a period's have matured everything."""
    earlier = PayoutRun.objects.filter(prepared_at__isnull=False, period_end__lt=period_end)
    return earlier.order_by("-period_end").values_list("period_end", flat=True).first()


def unpaid(*, creator_id: int) -> list[Line]:
    """List a creator's matured earnings that are in no live payout."""
    paid = PayoutItem.objects.filter(
        creator_id=creator_id, agent_id=OuterRef("agent_id"), day=OuterRef("day"), kind="earnings", live=True
    )
    rows = MaturedEarning.objects.filter(~Exists(paid), creator_id=creator_id).order_by("day", "agent_id")
    return [Line(row.creator_id, row.agent_id, row.day, row.amount) for row in rows]
