"""Book what came of an attempt: each once, whichever worker brings the news, in one transaction."""

import datetime as dt
import logging
from typing import Final

from django.db import transaction

from config.kit.jobs import enqueue
from payouts import states
from payouts.models import Payout, PayoutAttempt
from payouts.queries import standing
from payouts.stripe.transfers import Transfer
from wallets import chart, ledger
from wallets.ledger import Leg, Source
from wallets.money import cents_to_micros

logger = logging.getLogger(__name__)

ACTOR: Final = "job:send_payouts"
NO_FUNDS: Final = "balance_insufficient"
NO_FUNDS_DETAIL: Final = "Waiting for funds: the balance at Stripe is too low at the moment."
DETAIL_MAX: Final = 500
Outcome = PayoutAttempt.Outcome


def sent(*, attempt: PayoutAttempt, transfer: Transfer, now: dt.datetime) -> None:
    """Book a transfer that exists."""
    expected = (attempt.request["amount"], attempt.request["destination"])
    if (transfer.amount_cents, transfer.destination) != expected:
        # Not ours to guess about: it stays unknown, and the books' check names it.
        unknown(attempt=attempt, detail=f"{transfer.id} is not the transfer that was asked for.", now=now)
        return
    with transaction.atomic(durable=True):
        payout = _close(attempt, Outcome.SUCCEEDED, now, stripe_transfer_id=transfer.id)
        if payout is None:
            return
        cash = cents_to_micros(payout.amount_cents)
        ledger.post(
            kind="transfer",
            source=Source("transfer", transfer.id),
            actor=ACTOR,
            legs=[Leg(chart.IN_TRANSIT, -cash), Leg(chart.STRIPE_CASH, cash)],
            now=now,
            occurred_at=transfer.created_at,
            description=f"Payout {payout.public_id}",
        )
        states.advance(
            payout=payout,
            to=Payout.State.SENT,
            actor=ACTOR,
            now=now,
            reason=transfer.id,
            stripe_transfer_id=transfer.id,
            transferred_at=transfer.created_at,
            sent_at=now,
            failure_code="",
            failure_detail="",
        )
        if transfer.reversals:
            # Taken back while its outcome was unknown here: that webhook found no payout to book it on.
            enqueue("payouts.sync_transfer", stripe_transfer_id=transfer.id)


def refused(*, attempt: PayoutAttempt, code: str, detail: str, now: dt.datetime) -> None:
    """Book Stripe's definite no: the money goes back to payable. Too little funds makes the payout wait."""
    detail = NO_FUNDS_DETAIL if code == NO_FUNDS else detail[:DETAIL_MAX]
    with transaction.atomic(durable=True):
        payout = _close(attempt, Outcome.FAILED, now, error_code=code, error_detail=detail)
        if payout is None:
            return
        ledger.post(
            kind="payout_failure",
            source=Source("payout_attempt", attempt.idempotency_key),
            actor=ACTOR,
            legs=[
                Leg(chart.REDEEMED, -payout.amount),
                Leg(standing.purse(creator_id=payout.creator_id).wallets[chart.PAYABLE], payout.amount),
                Leg(chart.IN_TRANSIT, -cents_to_micros(payout.amount_cents)),
            ],
            now=now,
            description=f"Payout {payout.public_id}: {code}",
        )
        states.advance(
            payout=payout,
            to=Payout.State.APPROVED if code == NO_FUNDS else Payout.State.FAILED,
            actor=ACTOR,
            now=now,
            reason=detail,
            failure_code=code,
            failure_detail=detail,
        )


def unknown(*, attempt: PayoutAttempt, detail: str, now: dt.datetime) -> None:
    """Record that nobody knows: the money stays in transit until it is looked up."""
    detail = detail[:DETAIL_MAX]
    with transaction.atomic(durable=True):
        payout = Payout.objects.select_for_update(of=("self",)).get(pk=attempt.payout_id)
        still = PayoutAttempt.objects.filter(pk=attempt.pk, outcome__in=PayoutAttempt.UNRESOLVED)
        if not still.update(outcome=Outcome.UNKNOWN, error_detail=detail):
            return
        if payout.state == Payout.State.SENDING:
            states.advance(payout=payout, to=Payout.State.UNKNOWN, actor=ACTOR, now=now, reason=detail)
    logger.warning("payout.unknown attempt=%s", attempt.idempotency_key)


def _close(attempt: PayoutAttempt, outcome: str, now: dt.datetime, **columns: str) -> Payout | None:
    """Close an unresolved attempt; None when another worker has closed it."""
    payout = Payout.objects.select_for_update(of=("self",)).get(pk=attempt.payout_id)
    unresolved = PayoutAttempt.objects.filter(pk=attempt.pk, outcome__in=PayoutAttempt.UNRESOLVED)
    if not unresolved.update(outcome=outcome, finished_at=now, **columns):
        return None
    return payout
