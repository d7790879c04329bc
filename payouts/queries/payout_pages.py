"""What a creator sees of its payouts: rows, lines, history."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from payouts.models import Payout, PayoutItem, PayoutStateChange

STEPS: Final = {
    Payout.State.DRAFT: "Put together",
    Payout.State.APPROVED: "Approved",
    Payout.State.SENDING: "Being sent to Stripe",
    Payout.State.UNKNOWN: "Waiting for Stripe's answer",
    Payout.State.SENT: "In your Stripe balance",
    Payout.State.PAID: "At your bank",
    Payout.State.FAILED: "Failed",
    Payout.State.REVERSED: "Taken back",
    Payout.State.CANCELLED: "Cancelled",
}


@dataclass(frozen=True)
class PayoutRow:
    """One payout."""

    public_id: str
    state: str
    amount: int
    amount_cents: int
    period_from: dt.date
    period_to: dt.date
    scheduled_for: dt.date
    sent_at: dt.datetime | None
    paid_at: dt.datetime | None
    failure: str
    stripe_transfer_id: str


@dataclass(frozen=True)
class Item:
    """One line of a payout."""

    label: str
    day: dt.date | None
    kind: str
    amount: int


@dataclass(frozen=True)
class Step:
    """One moment of a payout's history."""

    label: str
    at: dt.datetime
    detail: str
    state: str


def row(*, payout: Payout) -> PayoutRow:
    """Show one payout."""
    return PayoutRow(
        public_id=payout.public_id,
        state=payout.state,
        amount=payout.amount,
        amount_cents=payout.amount_cents,
        period_from=payout.period_start,
        period_to=payout.last_day,
        scheduled_for=payout.scheduled_for,
        sent_at=payout.sent_at,
        paid_at=payout.paid_at,
        failure=payout.failure_detail or payout.failure_code,
        stripe_transfer_id=payout.stripe_transfer_id or "",
    )


def items(*, payout: Payout) -> list[Item]:
    """List what a payout is made of: earnings by day and agent, then what was carried."""
    found = PayoutItem.objects.filter(payout=payout).select_related("agent").order_by("day", "id")
    return [
        Item(item.agent.name if item.agent else item.get_kind_display(), item.day, item.kind, item.amount)
        for item in found
    ]


def timeline(*, payout: Payout) -> list[Step]:
    """Tell a payout's history, oldest first."""
    changes = PayoutStateChange.objects.filter(payout=payout).order_by("id")
    return [
        Step(STEPS[Payout.State(change.new)], change.at, _detail(payout, change), change.new)
        for change in changes
    ]


def _detail(payout: Payout, change: PayoutStateChange) -> str:
    if change.new == Payout.State.FAILED:
        return change.reason
    return payout.stripe_transfer_id or "" if change.new == Payout.State.SENT else ""
