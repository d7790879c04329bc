"""Book what Stripe took back of a transfer: the money is the creator's to be paid again."""

import datetime as dt
from typing import Final

from django.db import transaction

from config.kit import jobs
from payouts import states
from payouts.models import Payout
from payouts.queries import standing
from payouts.stripe import transfers
from payouts.stripe.transfers import Reversal
from wallets import chart, ledger
from wallets.ledger import Leg, Source
from wallets.models import Transaction
from wallets.money import cents_to_credits, cents_to_micros

ACTOR: Final = "stripe"
KIND: Final = "transfer_reversal"


def sync(*, stripe_transfer_id: str, now: dt.datetime) -> None:
    """Read a transfer's reversals from Stripe and book those that are not booked yet."""
    known = Payout.objects.filter(stripe_transfer_id=stripe_transfer_id)
    if not known.exists():
        # Another system's transfer, or one whose outcome is still unknown here: looking it up comes first.
        return
    transfer = transfers.read(transfer_id=stripe_transfer_id)
    with transaction.atomic():
        payout = known.select_for_update(of=("self",)).get()
        for reversal in transfer.reversals:
            _book(payout, reversal, now)
        taken = sum(reversal.amount_cents for reversal in transfer.reversals)
        Payout.objects.filter(pk=payout.pk).update(reversed_cents=taken)
        if taken == payout.amount_cents and payout.state != Payout.State.REVERSED:
            states.advance(
                payout=payout, to=Payout.State.REVERSED, actor=ACTOR, now=now, reason=stripe_transfer_id
            )
            payout.items.update(live=False)


def sync_recent(*, now: dt.datetime) -> int:
    """Book the reversals that no webhook told of, or whose job was lost; give how many transfers that were."""
    newest = transfers.taken_back()
    booked = Transaction.objects.filter(kind=KIND, source_type=KIND, source_id__in=newest)
    lost = newest.keys() - set(booked.values_list("source_id", flat=True))
    missed = {newest[reversal_id] for reversal_id in lost}
    for transfer_id in sorted(missed):
        with jobs.fenced("reversal.not_booked transfer=%s", transfer_id):
            sync(stripe_transfer_id=transfer_id, now=now)
    return len(missed)


def _book(payout: Payout, reversal: Reversal, now: dt.datetime) -> None:
    amount = cents_to_credits(reversal.amount_cents)
    ledger.post(
        kind=KIND,
        source=Source(KIND, reversal.id),
        actor=ACTOR,
        legs=[
            Leg(chart.REDEEMED, -amount),
            Leg(standing.purse(creator_id=payout.creator_id).wallets[chart.PAYABLE], amount),
            Leg(chart.STRIPE_CASH, -cents_to_micros(reversal.amount_cents)),
        ],
        now=now,
        occurred_at=reversal.created_at,
        description=f"Payout {payout.public_id}",
    )
