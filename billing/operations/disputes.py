"""Disputes: read them afresh from Stripe and bring our row, the books and the credits to that state.

Events only say where to look, so their order, repeats and loss do not matter.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.db.models import Sum

from billing.models.disputes import CLOSED, UNDER_WAY, Dispute, DisputeStateChange
from billing.models.invoice_payments import InvoicePayment
from billing.models.subscriptions import Subscription
from billing.models.topups import TopUp
from billing.operations import fees, payments, quarantine
from billing.operations.invoices import collecting
from billing.operations.refunds import requesting, settling
from billing.queries import purchases
from billing.queries.lineage import Payment
from billing.queries.purchases import Bought
from billing.stripe import disputes as stripe_disputes
from billing.stripe import payments as stripe_payments
from billing.stripe.disputes import DisputeFacts
from config.kit import jobs
from wallets import chart, claws, freezing, money
from wallets.claws import Booking
from wallets.ledger import Source

State = Dispute.State
ACTOR: Final = "job:billing.follow_dispute"
# How far back a dispute of which no event reached us is looked for.
LOOK_BACK: Final = dt.timedelta(days=30)
# A read that was overtaken by a newer one takes nothing back.
ORDER: Final = {State.INQUIRY: 0, State.DROPPED: 1, State.OPEN: 2, State.WON: 3, State.LOST: 3}


def follow(*, dispute_id: str, now: dt.datetime) -> None:
    """Ask Stripe how a dispute stands and do what follows, once for each step."""
    bring(found=stripe_disputes.retrieve(dispute_id=dispute_id), now=now)


def bring(*, found: DisputeFacts, now: dt.datetime) -> None:
    """Bring our row, the books and the credits to what a read of a dispute says; an older read changes nothing."""
    for line in found.lines:
        fees.record(line=line, now=now)
    purchase = purchases.paid_by(intent_id=found.intent_id) or _credited_now(found, now)
    if purchase is None:
        quarantine.dispute(dispute=found, now=now)
    else:
        _bring(found, purchase, now)


def sweep(*, now: dt.datetime) -> int:
    """Look up every dispute that is under way, and those of the last weeks we do not know; give how many."""
    listed = {found.stripe_id: found.status for found in stripe_disputes.opened_since(since=now - LOOK_BACK)}
    known = dict(Dispute.objects.filter(stripe_id__in=listed).values_list("stripe_id", "stripe_status"))
    news = [dispute_id for dispute_id, status in listed.items() if known.get(dispute_id) != status]
    under_way = Dispute.objects.filter(state__in=UNDER_WAY).values_list("stripe_id", flat=True)
    return look_up(dispute_ids=sorted({*news, *under_way}))


def look_up(*, dispute_ids: Sequence[str]) -> int:
    """Have disputes looked up soon, and return how many."""
    for dispute_id in dispute_ids:
        jobs.enqueue("billing.follow_dispute", dispute_id=dispute_id)
    return len(dispute_ids)


def _credited_now(found: DisputeFacts, now: dt.datetime) -> Bought | None:
    """Credit the payment first where nobody has yet: a dispute may be heard of before it."""
    if not found.intent_id:
        return None
    payment = stripe_payments.look_up(intent_id=found.intent_id)
    ours = purchases.by_reference(reference=payment.reference)
    if ours is None:
        return None
    if ours.stripe_session_id:
        payments.fulfil(session_id=ours.stripe_session_id, now=now)
    else:
        collecting.follow(intent_id=found.intent_id, now=now)
    return purchases.paid_by(intent_id=found.intent_id)


def _bring(found: DisputeFacts, purchase: Bought, now: dt.datetime) -> None:
    with transaction.atomic():
        # The payment's row first: what is refunded and what is disputed of it are counted one after the other.
        type(purchase).objects.select_for_update().get(pk=purchase.pk)
        dispute = _locked(found, purchase, now)
        aim = _aim(found)
        if dispute.state in CLOSED and aim in CLOSED and aim != dispute.state:
            quarantine.contradiction(dispute=found, ended=dispute.state, now=now)
        if ORDER[State(dispute.state)] > ORDER[aim] or dispute.state in CLOSED:
            return
        if found.withdrawn_cents and dispute.opened_at is None:
            _open(dispute, found, purchase, now)
        if aim == State.WON:
            _win(dispute, found, now)
        elif aim == State.LOST and dispute.opened_at is not None:
            _lose(dispute, purchase, now)
        _note(dispute, found, aim, now)


def _aim(found: DisputeFacts) -> State:
    """Read the state that the money is in."""
    match found.status:
        case "won" if found.reinstated_cents or not found.withdrawn_cents:
            return State.WON
        case "lost":
            return State.LOST
        case "warning_closed" | "prevented":
            return State.DROPPED
        case _:
            return State.OPEN if found.withdrawn_cents else State.INQUIRY


def _locked(found: DisputeFacts, purchase: Bought, now: dt.datetime) -> Dispute:
    row, created = Dispute.objects.get_or_create(
        stripe_id=found.stripe_id,
        defaults={
            "customer": purchases.payer(purchase=purchase),
            "top_up": purchase if isinstance(purchase, TopUp) else None,
            "subscription": purchase if isinstance(purchase, Subscription) else None,
            "invoice_payment": purchase if isinstance(purchase, InvoicePayment) else None,
            "payment_intent_id": found.intent_id,
            "charge_id": found.charge_id,
            "stripe_status": found.status,
            "reason": found.reason,
            "amount_cents": found.amount_cents,
            "disputed_at": found.created_at,
            "created_at": now,
        },
    )
    if created:
        _change(row, State.INQUIRY, f"Stripe says {found.status}", now, from_state="")
    return Dispute.objects.select_for_update().get(pk=row.pk)


def _open(dispute: Dispute, found: DisputeFacts, purchase: Bought, now: dt.datetime) -> None:
    payment = settling.paid(bought=purchase, now=now)
    before = _taken_cents(dispute)
    # Of a part that is disputed, no more than would be taken back.
    most = _share(payment, before + found.withdrawn_cents) - _share(payment, before)
    dispute.frozen = freezing.freeze(
        grant_ids=[lot.id for lot in payment.lots],
        most=most,
        cash=money.cents_to_micros(found.withdrawn_cents),
        source=_source(dispute),
        actor=ACTOR,
        now=now,
        occurred_at=min(line.created_at for line in found.lines if line.amount_cents < 0),
        description=f"Dispute {dispute.stripe_id}",
    )
    dispute.at_stake = most - dispute.frozen
    dispute.opened_at, dispute.withdrawn_cents = now, found.withdrawn_cents
    if dispute.state != State.OPEN:
        _change(dispute, State.OPEN, f"Stripe took the money: {found.reason}", now)


def _share(payment: Payment, cents: int) -> int:
    """Give the credits that so many cents of a payment stand for, bonus included, floored."""
    brought = sum(lot.amount for lot in payment.lots)
    return brought * min(cents, payment.amount_cents) // payment.amount_cents


def _taken_cents(dispute: Dispute) -> int:
    """Sum what was given back of the payment, and what other disputes of it hold."""
    _, usd = claws.taken(purchase=dispute.payment_intent_id)
    others = Dispute.objects.filter(payment_intent_id=dispute.payment_intent_id, state=State.OPEN)
    held = others.exclude(pk=dispute.pk).aggregate(cents=Sum("withdrawn_cents"))["cents"]
    return usd // money.CENT + int(held or 0)


def _win(dispute: Dispute, found: DisputeFacts, now: dt.datetime) -> None:
    freezing.thaw(
        kind="dispute_won",
        source=_source(dispute),
        actor=ACTOR,
        now=now,
        cash=money.cents_to_micros(dispute.withdrawn_cents),
        returned=money.cents_to_micros(found.reinstated_cents),
        occurred_at=max((line.created_at for line in found.lines), default=now),
        description=f"Dispute {dispute.stripe_id} won",
    )


def _lose(dispute: Dispute, purchase: Bought, now: dt.datetime) -> None:
    """Give the frozen credits back to their lots, and take what the money stood for the way a refund takes it."""
    freezing.thaw(kind="dispute_thawed", source=_source(dispute), actor=ACTOR, now=now)
    payment = settling.paid(bought=purchase, now=now)
    clawed = claws.take(
        purchase=payment.purchase,
        usd=money.cents_to_micros(dispute.withdrawn_cents),
        tax=money.cents_to_micros(requesting.tax_of(payment, dispute.withdrawn_cents)),
        booking=Booking(
            "dispute_lost", _source(dispute), ACTOR, description=f"Dispute {dispute.stripe_id} lost"
        ),
        now=now,
        account=chart.DISPUTES,
    )
    dispute.claw_id = clawed.claw_id
    settling.tell(payment=payment, now=now)


def _note(dispute: Dispute, found: DisputeFacts, aim: State, now: dt.datetime) -> None:
    if dispute.state != aim:
        _change(dispute, aim, f"Stripe says {found.status}", now)
    dispute.stripe_status, dispute.reason = found.status, found.reason
    dispute.amount_cents, dispute.fee_cents = found.amount_cents, found.fee_cents
    dispute.evidence_due, dispute.evidence_sent = found.evidence_due, found.evidence_sent
    dispute.closed_at = now if aim in CLOSED else None
    dispute.checked_at = now
    dispute.save()


def _change(
    dispute: Dispute, to: State, reason: str, now: dt.datetime, *, from_state: str | None = None
) -> None:
    DisputeStateChange.objects.create(
        dispute=dispute,
        from_state=dispute.state if from_state is None else from_state,
        to_state=to,
        reason=reason[:300],
        changed_at=now,
    )
    dispute.state = to


def _source(dispute: Dispute) -> Source:
    return Source("dispute", dispute.stripe_id)
