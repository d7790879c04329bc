"""What is held back of what matures: by a tier, until its days are over, and while a dispute may still take it.

What refunds and disputes took of the reserve wallet meanwhile is borne by the oldest holds: a release gives what
stands there beyond the holds that are not due yet, never more.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.db.models import Q

from billing.queries import disputed
from config.kit import jobs
from marketplace.models import Creator
from payouts import calendar
from payouts.calendar import DAY
from payouts.models import ReserveHold
from payouts.operations import locks
from payouts.queries import standing
from payouts.queries.maturing import Day
from payouts.queries.terms import Terms
from wallets import chart, ledger
from wallets.ledger import Leg, Source

ACTOR: Final = "job:reserve_release"
TIER: Final = "reserve_release"
DISPUTE: Final = "dispute_release"


def hold(*, creator: Creator, day: Day, agreed: Terms, now: dt.datetime) -> None:
    """Write down what was held back of a day; the maturity moves it, in the same transaction."""
    for dispute_id, amount in day.held.items():
        ReserveHold.objects.create(creator=creator, day=day.day, amount=amount, dispute_id=dispute_id)
    if day.reserved:
        until = calendar.midnight(day=calendar.utc_day(at=now) + DAY * agreed.reserve_days)
        ReserveHold.objects.create(creator=creator, day=day.day, amount=day.reserved, release_at=until)


def release_due(*, now: dt.datetime) -> int:
    """Let go what is due, creator by creator; give the credit micros that became payable."""
    due = ReserveHold.objects.filter(_due(now), released_at=None)
    creators = Creator.objects.filter(pk__in=due.values("creator")).order_by("pk")
    released = 0
    for creator in creators:
        with jobs.fenced("reserve.not_released creator=%s", creator.public_id):
            released += _release(creator, now)
    return released


def _release(creator: Creator, now: dt.datetime) -> int:
    with transaction.atomic():
        locks.creator(creator=creator)
        # Read under the lock: another release of this creator is over, its holds are none of ours.
        held = ReserveHold.objects.filter(creator=creator, released_at=None)
        # Read once: a dispute that is decided after this line is for the next release.
        due = list(held.filter(_due(now)).order_by("day", "pk"))
        kept = sum(hold.amount for hold in held.exclude(pk__in=[hold.pk for hold in due]))
        there = standing.purse(creator_id=creator.pk).reserve - kept
        amount = max(0, min(there, sum(hold.amount for hold in due)))
        _close(due, amount, now)
        _book(creator, TIER, [hold for hold in due if hold.dispute_id is None], now)
        _book(creator, DISPUTE, [hold for hold in due if hold.dispute_id is not None], now)
    return amount


def _due(now: dt.datetime) -> Q:
    return Q(release_at__lte=now) | (Q(dispute__isnull=False) & ~Q(dispute__in=disputed.holding()))


def _book(creator: Creator, kind: str, closed: Sequence[ReserveHold], now: dt.datetime) -> None:
    amount = sum(hold.released for hold in closed)
    if not amount:
        return
    wallets = standing.purse(creator_id=creator.pk).wallets
    ledger.post(
        kind=kind,
        # Each hold is closed once, so the last of them names the release.
        source=Source("reserve_hold", str(closed[-1].pk)),
        actor=ACTOR,
        legs=[Leg(wallets[chart.RESERVE], -amount), Leg(wallets[chart.PAYABLE], amount)],
        # The two wallets' images in USD are rounded down separately: a micro may be between them.
        plug=chart.ROUNDING,
        now=now,
    )


def _close(due: Sequence[ReserveHold], amount: int, now: dt.datetime) -> None:
    """Close the holds, the newest whole: the oldest bear what is missing."""
    for hold in reversed(due):
        hold.released, hold.released_at = min(hold.amount, amount), now
        amount -= hold.released
        hold.save(update_fields=["released", "released_at"])
