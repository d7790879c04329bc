"""Book what became of refunds: each once, whoever brings the news, ours and those made in Stripe's dashboard."""

import datetime as dt
import logging
from typing import Final

from django.db import transaction

from billing.models.refunds import Refund
from billing.models.stripe import BalanceTransaction
from billing.models.topups import TopUp
from billing.operations import freed, topups
from billing.operations.refunds import requesting, states
from billing.queries import lineage, purchases
from billing.queries.lineage import Payment
from billing.queries.purchases import Bought
from billing.stripe import refunds as stripe_refunds
from billing.stripe.refunds import StripeRefund
from config.kit import ids, jobs
from wallets import claws, holds, money
from wallets.claws import Booking, Clawed
from wallets.ledger import Source
from wallets.operations import open_wallet

logger = logging.getLogger(__name__)

ACTOR: Final = "job:billing.refunds"
STRIPE: Final = "stripe"
RECENT: Final = dt.timedelta(days=2)
# Stripe's types of line: money that went back, and money that could not.
MADE: Final = ("refund", "payment_refund")
CAME_BACK: Final = ("refund_failure", "payment_failure_refund")
State = Refund.State


def settled(*, refund_id: int, found: StripeRefund, now: dt.datetime) -> None:
    """Bring a refund in line with what Stripe says of it: given back, or lost on its way."""
    with transaction.atomic():
        # Answer, webhook and sweeper at once: the row's lock lets one book it.
        refund = Refund.objects.select_for_update().get(pk=refund_id)
        if found.lost:
            _lose(refund, found.failure or "The bank did not take it.", now, stripe_refund_id=found.id)
        elif refund.claw_id is None:
            _book(refund, found, now)


def refused(*, refund: Refund, detail: str, now: dt.datetime) -> None:
    """Book Stripe's definite no: the credits are free again."""
    with transaction.atomic():
        held = Refund.objects.select_for_update().get(pk=refund.pk)
        if held.state in Refund.OPEN:
            _lose(held, detail, now)


def sync(*, intent_id: str, now: dt.datetime) -> int:
    """Read all that was given back of a payment and book what is not booked yet; give how many there are.

    Whatever event came, however often and in which order: what is booked follows from what Stripe has now.
    """
    bought = purchases.paid_by(intent_id=intent_id)
    if bought is None:
        logger.warning("refund.not_ours intent=%s", intent_id)
        return 0
    payment = paid(bought=bought, now=now)
    found = stripe_refunds.of_payment(intent_id=intent_id)
    for one in found:
        known = Refund.objects.filter(stripe_refund_id=one.id).first()
        ours = known or Refund.objects.filter(public_id=one.reference).first()
        if ours is not None:
            settled(refund_id=ours.pk, found=one, now=now)
        elif not one.lost:
            adopt(payment, one, now)
    return len(found)


def sync_recent(*, now: dt.datetime) -> int:
    """Book the refunds that no webhook told of: Stripe's lines tell of them too. Give how many payments were read."""
    told = BalanceTransaction.objects.filter(
        type__in=(*MADE, *CAME_BACK), created_at__gte=now - RECENT
    ).exclude(origin_id="")
    missed = {line.origin_id for line in told if not _is_booked(line.source_id, line.type)}
    for intent_id in sorted(missed):
        with jobs.fenced("refund.not_booked intent=%s", intent_id):
            sync(intent_id=intent_id, now=now)
    return len(missed)


def _is_booked(stripe_refund_id: str, type_: str) -> bool:
    state = State.FAILED if type_ in CAME_BACK else State.REFUNDED
    known = Refund.objects.filter(stripe_refund_id=stripe_refund_id)
    return known.filter(state__in=(state, State.FAILED)).exists()


def adopt(payment: Payment, found: StripeRefund, now: dt.datetime) -> None:
    """Take in a refund that was made at Stripe: it waits for nobody, so it is booked at first sight."""
    with transaction.atomic():
        # Twice at once: the second waits here, and its claw finds itself.
        freed.lock(payment=payment)
        clawed = _claw(payment, found, ACTOR, now)
        refund, created = Refund.objects.get_or_create(
            stripe_refund_id=found.id,
            defaults={
                "public_id": ids.new(ids.REFUND),
                "customer_id": payment.customer_id,
                "payment_intent_id": payment.intent_id,
                "reference": payment.reference,
                "principal": STRIPE,
                "idempotency_key": found.id,
                "reason": "Made in Stripe's dashboard.",
                "amount_cents": found.amount_cents,
                "state": State.REFUNDED,
                "claw_id": clawed.claw_id,
                "created_at": now,
                "refunded_at": found.created_at,
            },
        )
        if created:
            states.begin(refund=refund, reason=found.id, now=now)
            tell(payment=payment, now=now)


def _book(refund: Refund, found: StripeRefund, now: dt.datetime) -> None:
    payment = lineage.by_intent(intent_id=refund.payment_intent_id)
    assert payment is not None
    disputes = freed.lock(payment=payment)
    if refund.hold_id is not None:
        holds.release(hold_id=refund.hold_id, now=now)
    actor = refund.principal if refund.requested_by_id else ACTOR
    clawed = _claw(payment, found, actor, now)
    # The hold leaned on whatever burns first: it may have kept another payment's credits from their dispute.
    freed.freeze(disputes=disputes, now=now)
    states.advance(
        refund=refund,
        to=State.REFUNDED,
        reason=found.id,
        now=now,
        stripe_refund_id=found.id,
        claw_id=clawed.claw_id,
        refunded_at=found.created_at,
        failure="",
    )
    tell(payment=payment, now=now)


def _claw(payment: Payment, found: StripeRefund, actor: str, now: dt.datetime) -> Clawed:
    booking = Booking(
        "refund", Source("refund", found.id), actor, f"Refund of {payment.reference}", found.created_at
    )
    return claws.take(
        purchase=payment.purchase,
        usd=money.cents_to_micros(found.amount_cents),
        tax=money.cents_to_micros(requesting.tax_of(payment, found.amount_cents)),
        booking=booking,
        now=now,
    )


def _lose(refund: Refund, why: str, now: dt.datetime, **facts: str) -> None:
    if refund.state == State.FAILED:
        return
    payment = lineage.by_intent(intent_id=refund.payment_intent_id)
    assert payment is not None
    disputes = freed.lock(payment=payment)
    if refund.hold_id is not None:
        holds.release(hold_id=refund.hold_id, now=now)
    if refund.claw_id is not None:
        booking = Booking(
            "refund_failure",
            Source("refund", str(refund.stripe_refund_id)),
            ACTOR,
            f"Refund {refund.public_id} came back",
        )
        claws.undo(claw_id=refund.claw_id, booking=booking, now=now)
    freed.freeze(disputes=disputes, now=now)
    states.advance(
        refund=refund, to=State.FAILED, reason=why, now=now, failure=why[: states.REASON_MAX], **facts
    )
    tell(payment=payment, now=now)


def paid(*, bought: Bought, now: dt.datetime) -> Payment:
    """Give what was bought as a payment.

    Who paid for nothing that credits stand for has a wallet all the same: what goes back is owed in one.
    """
    open_wallet(owner_type="consumer", owner_id=purchases.payer(purchase=bought).pk, now=now)
    return lineage.paid(bought=bought)


def tell(*, payment: Payment, now: dt.datetime) -> None:
    """Let the top-up say that nothing of its money is left, or that some is again."""
    _, usd = claws.taken(purchase=payment.intent_id)
    top_up = TopUp.objects.filter(public_id=payment.reference).first()
    if top_up is not None:
        topups.refunded(
            top_up_id=top_up.pk, whole=usd == money.cents_to_micros(payment.amount_cents), now=now
        )
