"""What a customer sees of refunds: what it could give back now, and what became of what it gave back."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from billing.models.refunds import Refund
from billing.models.topups import TopUp
from billing.queries import refunds
from billing.queries.refunds import Standing

STATES: Final = {
    Refund.State.REQUESTED: "On its way",
    Refund.State.SENDING: "On its way",
    Refund.State.UNKNOWN: "On its way",
    Refund.State.REFUNDED: "Sent to your card",
    Refund.State.FAILED: "Not refunded",
}


@dataclass(frozen=True, slots=True)
class RefundLine:
    """A refund of a purchase."""

    public_id: str
    state: str
    state_text: str
    amount_cents: int
    credits: int
    failure: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be given back of a top-up without asking anybody, or why not; and what was."""

    cents: int
    why_not: str
    until: dt.datetime | None
    open: bool
    refunded_cents: int
    lines: list[RefundLine]


def offer(*, top_up: TopUp, now: dt.datetime) -> Offer:
    """Give what a customer's page says of refunds of a top-up."""
    payment = refunds.payment_of(top_up=top_up)
    if payment is None:
        return Offer(0, "It is not paid.", None, open=False, refunded_cents=0, lines=[])
    standing = refunds.standing(payment=payment, now=now)
    why_not = _why_not(standing, top_up, now)
    return Offer(
        cents=0 if why_not else standing.refundable_cents,
        why_not=why_not,
        until=refunds.policy_ends(top_up=top_up),
        open=standing.open is not None,
        refunded_cents=standing.refunded_cents,
        lines=[_line(row) for row in refunds.of_payment(intent_id=payment.intent_id)],
    )


def _why_not(standing: Standing, top_up: TopUp, now: dt.datetime) -> str:
    if standing.open is not None:
        return "A refund of this top-up is on its way."
    if standing.disputed:
        return "Your bank has a dispute about this payment; it decides."
    if not refunds.within_policy(top_up=top_up, now=now):
        return f"Unused credits can be refunded for {refunds.within_days()} days after the purchase."
    if standing.refundable_cents == 0:
        return "Nothing of it is unused."
    return ""


def _line(row: Refund) -> RefundLine:
    return RefundLine(
        public_id=row.public_id,
        state=row.state,
        state_text=STATES[Refund.State(row.state)],
        amount_cents=row.amount_cents,
        credits=row.claw.amount if row.claw is not None and row.state == Refund.State.REFUNDED else 0,
        failure=row.failure if row.state == Refund.State.FAILED else "",
        created_at=row.created_at,
    )
