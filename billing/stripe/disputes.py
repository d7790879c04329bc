"""Disputes: a cardholder tells its bank that a payment was wrong, and the bank takes the money back meanwhile."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import stripe

from billing.stripe.balance import BalanceLine, line
from billing.stripe.client import client
from billing.stripe.errors import translated

PAGE_SIZE: Final = 100


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """A dispute as Stripe has it now, with what it has moved of our money."""

    stripe_id: str
    status: str
    reason: str
    currency: str
    amount_cents: int
    charge_id: str
    intent_id: str
    evidence_due: dt.datetime | None
    evidence_sent: bool
    created_at: dt.datetime
    lines: tuple[BalanceLine, ...]

    @property
    def withdrawn_cents(self) -> int:
        """What the bank took, the fee aside."""
        return -sum(each.amount_cents for each in self.lines if each.amount_cents < 0)

    @property
    def reinstated_cents(self) -> int:
        """What the bank gave back."""
        return sum(each.amount_cents for each in self.lines if each.amount_cents > 0)

    @property
    def fee_cents(self) -> int:
        """What Stripe asks for its trouble."""
        return sum(each.fee_cents for each in self.lines)


def retrieve(*, dispute_id: str) -> DisputeFacts:
    """Look a dispute up; raise as errors.translated does."""
    with translated():
        return facts(client().v1.disputes.retrieve(dispute_id))


def opened_since(*, since: dt.datetime) -> Iterator[DisputeFacts]:
    """List the disputes that were opened since then, newest first; raise as errors.translated does."""
    with translated():
        page = client().v1.disputes.list({"created": {"gte": int(since.timestamp())}, "limit": PAGE_SIZE})
        for dispute in page.auto_paging_iter():
            yield facts(dispute)


def facts(dispute: stripe.Dispute) -> DisputeFacts:
    """Read a dispute of the SDK's."""
    details = dispute.evidence_details
    due = details.due_by
    intent = dispute.payment_intent
    return DisputeFacts(
        stripe_id=dispute.id,
        status=dispute.status,
        reason=dispute.reason,
        currency=dispute.currency,
        amount_cents=dispute.amount,
        charge_id=_id(dispute.charge),
        intent_id=_id(intent) if intent else "",
        evidence_due=dt.datetime.fromtimestamp(due, dt.UTC) if due else None,
        evidence_sent=details.submission_count > 0,
        created_at=dt.datetime.fromtimestamp(dispute.created, dt.UTC),
        lines=tuple(line(each) for each in dispute.balance_transactions),
    )


def _id(named: str | stripe.Charge | stripe.PaymentIntent) -> str:
    return named if isinstance(named, str) else str(named.id)
