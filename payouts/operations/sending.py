"""Send approved payouts: intent and ledger first, then the call to Stripe, then its outcome.

Note [No second transfer]: (1) `_begin` commits the attempt with its frozen request and key, and takes the
money out of payable. (2) The call is made outside any transaction. (3) `outcomes` books what came of it. A
worker that dies between any two of these leaves an unresolved attempt, which `unresolved` takes up: it looks
at Stripe first and asks again under the same key only. A unique constraint allows one unresolved attempt a
payout, and a new key comes only after Stripe's definite no.
"""

import datetime as dt
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from billing.stripe.errors import StripeUnavailableError
from config.kit import jobs
from payouts import gates, states
from payouts.models import Payout, PayoutAccount, PayoutAttempt
from payouts.operations import locks, outcomes
from payouts.queries import standing
from payouts.stripe import transfers
from wallets import chart, ledger
from wallets.ledger import Leg, Source
from wallets.models import Wallet
from wallets.money import cents_to_micros

ACTOR: Final = "job:send_payouts"
BATCH: Final = 200
# Stripe forgets keys after a day; from then on only looking tells what happened.
KEY_LIFE: Final = dt.timedelta(hours=24)
# A worker that has not answered by then is dead, or so slow that asking with its key again does no harm.
ANSWER_WITHIN: Final = dt.timedelta(seconds=90)


def send_approved(*, now: dt.datetime) -> int:
    """Send what is approved, oldest first, as far as Stripe's balance goes. Give how many went.

    Raises StripeUnavailableError when the balance cannot be read.
    """
    with locks.trying(locks.SEND) as alone:
        if not alone or not _waiting().exists():
            return 0
        return _send_in_turn(transfers.available_cents(), now)


def send(*, payout: Payout, now: dt.datetime) -> str:
    """Send one approved payout; give the state it ends in."""
    attempt = _begin(payout, now)
    if attempt is not None:
        deliver(attempt=attempt, now=now)
    payout.refresh_from_db()
    return payout.state


def deliver(*, attempt: PayoutAttempt, now: dt.datetime) -> None:
    """Find an attempt's transfer, or make it under the attempt's key, and book the outcome."""
    try:
        transfer = _known(attempt) or _ask(attempt, now)
    except StripeUnavailableError:
        outcomes.unknown(attempt=attempt, detail="Stripe did not answer.", now=now)
    except transfers.TransferUnknownError as error:
        outcomes.unknown(attempt=attempt, detail=error.detail, now=now)
    except transfers.TransferRefusedError as error:
        outcomes.refused(attempt=attempt, code=error.stripe_code, detail=error.detail, now=now)
    else:
        outcomes.sent(attempt=attempt, transfer=transfer, now=now)


def unresolved(*, now: dt.datetime) -> int:
    """Take up the attempts whose outcome nobody booked: a lost answer, a dead worker. Give how many."""
    found = PayoutAttempt.objects.filter(
        outcome__in=PayoutAttempt.UNRESOLVED, started_at__lte=now - ANSWER_WITHIN
    )
    taken = 0
    # First those that nobody has looked up for longest: whichever stay unresolved let the others come.
    for attempt in found.select_related("payout").order_by(Coalesce("called_at", "started_at"), "id"):
        with jobs.fenced("payout.unresolved key=%s", attempt.idempotency_key):
            PayoutAttempt.objects.filter(pk=attempt.pk).update(called_at=now)
            deliver(attempt=attempt, now=now)
            taken += 1
        if taken == BATCH:
            break
    return taken


def _send_in_turn(left: int, now: dt.datetime) -> int:
    tried = sent = 0
    for payout in _waiting():
        # First come, first served: a small payout does not overtake an older, larger one.
        if payout.amount_cents > left:
            _note_waiting(payout)
            break
        # Whatever comes of it: Stripe may have made the transfer.
        left -= payout.amount_cents
        # One that cannot be sent stays the oldest: it takes nobody's place in the batch.
        with jobs.fenced("payout.not_sent id=%s", payout.public_id):
            state = send(payout=payout, now=now)
            if state == Payout.State.APPROVED:
                break  # Stripe found its balance lower than it had told us
            sent += state == Payout.State.SENT
            tried += 1
        if tried == BATCH:
            break
    return sent


def _waiting() -> QuerySet[Payout]:
    return Payout.objects.filter(state=Payout.State.APPROVED).order_by("created_at", "id")


def _begin(payout: Payout, now: dt.datetime) -> PayoutAttempt | None:
    """Commit the intent: the attempt's row, the money out of payable; None when a gate closed meanwhile."""
    with transaction.atomic(durable=True):
        # Locked: a sync that restricts or swaps the account waits, or was here before us.
        account = PayoutAccount.objects.select_for_update().get(pk=payout.account_id)
        payout = Payout.objects.select_for_update(of=("self",)).select_related("creator").get(pk=payout.pk)
        if payout.state != Payout.State.APPROVED:
            return None
        blocked = _blocked(payout, account)
        if blocked:
            code, detail = blocked
            states.advance(
                payout=payout,
                to=Payout.State.FAILED,
                actor=ACTOR,
                now=now,
                reason=detail,
                failure_code=code,
                failure_detail=detail,
            )
            return None
        attempt = _new_attempt(payout, now)
        _debit(payout, attempt, now)
        states.advance(payout=payout, to=Payout.State.SENDING, actor=ACTOR, now=now, reason=str(attempt))
        return attempt


def _blocked(payout: Payout, account: PayoutAccount) -> tuple[str, str] | None:
    if account.stripe_account_id != payout.destination:
        return "account_changed", "The creator connected another account after the approval."
    gate = gates.account_gate(standing=standing.account_standing(account=account))
    if gate:
        return str(gate[0]), gate[1]
    if _payable(payout).balance < payout.amount:
        return "payable_too_low", "Less is payable than was approved."
    return None


def _payable(payout: Payout) -> Wallet:
    return Wallet.objects.select_for_update().get(
        pk=standing.purse(creator_id=payout.creator_id).wallets[chart.PAYABLE]
    )


def _new_attempt(payout: Payout, now: dt.datetime) -> PayoutAttempt:
    number = payout.attempts.count() + 1
    return PayoutAttempt.objects.create(
        payout=payout,
        number=number,
        idempotency_key=f"payout:{payout.public_id}:{number}",
        request={
            "amount": payout.amount_cents,
            "currency": transfers.CURRENCY,
            "destination": payout.destination,
            "transfer_group": payout.public_id,
            "description": f"Earnings of {payout.period_start} to {payout.period_end - dt.timedelta(days=1)}",
            "metadata": {
                "payout": payout.public_id,
                "creator": payout.creator.public_id,
                "attempt": str(number),
            },
        },
        started_at=now,
    )


def _debit(payout: Payout, attempt: PayoutAttempt, now: dt.datetime) -> None:
    ledger.post(
        kind="payout",
        source=Source("payout_attempt", attempt.idempotency_key),
        actor=ACTOR,
        legs=[
            Leg(_payable(payout).pk, -payout.amount),
            Leg(chart.REDEEMED, payout.amount),
            Leg(chart.IN_TRANSIT, cents_to_micros(payout.amount_cents)),
        ],
        now=now,
        description=f"Payout {payout.public_id}",
    )


def _known(attempt: PayoutAttempt) -> transfers.Transfer | None:
    """Look at Stripe, unless this is the first call for this payout: then there is nothing to find."""
    if attempt.number == 1 and not attempt.calls:
        return None
    return transfers.find(group=attempt.payout.public_id)


def _ask(attempt: PayoutAttempt, now: dt.datetime) -> transfers.Transfer:
    if attempt.calls and now - attempt.started_at >= KEY_LIFE:
        raise transfers.TransferRefusedError(
            "Stripe has no such transfer, a day after it was asked for.", stripe_code="never_made"
        )
    # Committed before the call: from here on the transfer may exist.
    PayoutAttempt.objects.filter(pk=attempt.pk).update(calls=attempt.calls + 1, called_at=now)
    attempt.calls += 1
    return transfers.create(request=attempt.request, key=attempt.idempotency_key)


def _note_waiting(payout: Payout) -> None:
    Payout.objects.filter(pk=payout.pk, state=Payout.State.APPROVED).update(
        failure_code=outcomes.NO_FUNDS, failure_detail=outcomes.NO_FUNDS_DETAIL
    )
