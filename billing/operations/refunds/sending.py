"""Send refunds to Stripe: intent first, then the call, then its outcome.

Note [No second refund]: (1) the refund's row with its key is committed, its credits are held. (2) `_begin` commits
that a call is made. (3) The call is made outside any transaction. (4) `settling` books what came of it. Whoever dies
between any two of these leaves a row that `send_due` takes up: it looks at Stripe first, and asks again under the same
key only.
"""

import datetime as dt
from typing import Final

from django.db.models import Q
from django.db.models.functions import Coalesce

from billing.models.refunds import Refund
from billing.operations.refunds import settling, states
from billing.stripe import refunds as stripe_refunds
from billing.stripe.errors import StripeUnavailableError
from billing.stripe.refunds import RefundRefusedError, RefundUnknownError, StripeRefund
from config.kit import jobs

State = Refund.State
BATCH: Final = 100
# Stripe forgets keys after a day; from then on only looking tells what happened.
KEY_LIFE: Final = dt.timedelta(hours=24)
# Whoever has not answered by then is dead, or so slow that asking with its key again does no harm.
ANSWER_WITHIN: Final = dt.timedelta(seconds=90)
# Its own job sends it within seconds; the sweeper is for lost jobs.
FRESH: Final = dt.timedelta(seconds=10)


def send_due(*, now: dt.datetime) -> int:
    """Send what nobody has sent, and look up what nobody knows; give how many were taken up."""
    waiting = Q(state=State.REQUESTED, created_at__lte=now - FRESH)
    silent = Q(state__in=(State.SENDING, State.UNKNOWN), called_at__lte=now - ANSWER_WITHIN)
    taken = 0
    # First those that nobody has tried for longest: whichever stay unknown let the others come.
    longest = Coalesce("called_at", "created_at")
    for refund in Refund.objects.filter(waiting | silent).order_by(longest, "id"):
        with jobs.fenced("refund.not_sent id=%s", refund.public_id):
            send(refund=refund, now=now)
            taken += 1
        if taken == BATCH:
            break
    return taken


def send(*, refund: Refund, now: dt.datetime) -> None:
    """Send one refund, or find out what became of it; nothing when it is over or another worker is at it."""
    if refund.state not in Refund.OPEN or not _begin(refund, now):
        return
    try:
        made = _known(refund) or _ask(refund, now)
    except (StripeUnavailableError, RefundUnknownError):
        states.advance(refund=refund, to=State.UNKNOWN, reason="Stripe did not answer.", now=now)
    except RefundRefusedError as refusal:
        settling.refused(refund=refund, detail=refusal.detail, now=now)
    else:
        settling.settled(refund_id=refund.pk, found=made, now=now)


def _begin(refund: Refund, now: dt.datetime) -> bool:
    """Commit that a call is made: from here on the refund may exist."""
    return states.advance(
        refund=refund,
        to=State.SENDING,
        reason=f"call {refund.calls + 1}",
        now=now,
        calls=refund.calls + 1,
        called_at=now,
    )


def _known(refund: Refund) -> StripeRefund | None:
    """Look at Stripe, unless this is the first call: then there is nothing to find."""
    if refund.calls == 1:
        return None
    return stripe_refunds.find(intent_id=refund.payment_intent_id, reference=refund.public_id)


def _ask(refund: Refund, now: dt.datetime) -> StripeRefund:
    if refund.calls > 1 and now - refund.created_at >= KEY_LIFE:
        raise RefundRefusedError("Stripe has no such refund, a day after it was asked for.")
    return stripe_refunds.create(
        intent_id=refund.payment_intent_id,
        amount_cents=refund.amount_cents,
        reference=refund.public_id,
        key=f"refund:{refund.public_id}",
    )
