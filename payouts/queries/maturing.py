"""What creators have earned that has not become payable yet, and what has and is in no payout."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, Max, OuterRef, Sum

from billing.models import Earning, Execution
from payouts.models import MaturedEarning, PayoutItem
from wallets import chart
from wallets.models import Wallet
from wallets.money import CREDITS


@dataclass(frozen=True)
class Line:
    """What one agent earned one creator in one UTC day; once it has matured, how much of that was taken before."""

    creator_id: int
    agent_id: int
    day: dt.date
    amount: int
    short: int = 0


def unmatured(*, creator_id: int, before: dt.date) -> list[Line]:
    """Sum a creator's earnings of days before a date that have not moved to payable, per agent and day.

    Days mature in order and none is left out, so all up to the last that did have.
    """
    matured = MaturedEarning.objects.filter(creator_id=creator_id).aggregate(last=Max("day"))["last"]
    earnings = Earning.objects.filter(creator_id=creator_id, day__lt=before)
    if matured is not None:
        earnings = earnings.filter(day__gt=matured)
    sums = earnings.values("agent_id", "day").annotate(total=Sum("amount"))
    return [
        Line(creator_id, row["agent_id"], row["day"], int(row["total"]))
        for row in sums.order_by("day", "agent_id")
    ]


def creators() -> set[int]:
    """List the creators who have earned something that is still to be paid, posted or not."""
    wallets = Wallet.objects.filter(
        owner_type=Wallet.OwnerType.CREATOR,
        unit=CREDITS,
        kind__in=[chart.PENDING, chart.PAYABLE],
        scope="",
        balance__gt=0,
    )
    settled = Execution.objects.filter(state=Execution.State.SETTLED, charged__gt=0, posting=None)
    unposted = Earning.objects.filter(execution__in=settled)
    return {*wallets.values_list("owner_id", flat=True), *unposted.values_list("creator_id", flat=True)}


def unpaid(*, creator_id: int) -> list[Line]:
    """List a creator's matured earnings that are in no live payout."""
    paid = PayoutItem.objects.filter(
        creator_id=creator_id, agent_id=OuterRef("agent_id"), day=OuterRef("day"), kind="earnings", live=True
    )
    rows = MaturedEarning.objects.filter(~Exists(paid), creator_id=creator_id).order_by("day", "agent_id")
    return [Line(row.creator_id, row.agent_id, row.day, row.amount, row.short) for row in rows]
