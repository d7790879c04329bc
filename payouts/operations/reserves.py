"""The rolling reserve: a part of what matures is held back, and becomes payable when its days are over.

What refunds and disputes took of the reserve wallet meanwhile is borne by the oldest holds: a release gives what
stands there beyond the holds that are not due yet, never more.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.db.models import Sum

from marketplace.models import Creator
from payouts import calendar
from payouts.calendar import DAY
from payouts.models import ReserveHold
from payouts.operations import locks
from payouts.queries import standing
from payouts.queries.terms import Terms
from wallets import chart, ledger
from wallets.ledger import Leg, Source

ACTOR: Final = "job:reserve_release"
KIND: Final = "reserve_release"
WHOLE_BP: Final = 10_000


def share(*, amount: int, agreed: Terms) -> int:
    """Give the part of a maturing amount that is held back, rounded down."""
    return amount * agreed.reserve_bp // WHOLE_BP


def hold(*, creator: Creator, day: dt.date, amount: int, agreed: Terms, now: dt.datetime) -> None:
    """Write down what was held back of a day; the maturity moves it, in the same transaction."""
    if amount:
        until = calendar.midnight(day=calendar.utc_day(at=now) + DAY * agreed.reserve_days)
        ReserveHold.objects.create(creator=creator, day=day, amount=amount, release_at=until)


def release_due(*, now: dt.datetime) -> int:
    """Let go what is due, creator by creator; give the credit micros that became payable."""
    due = ReserveHold.objects.filter(released_at=None, release_at__lte=now)
    creators = Creator.objects.filter(pk__in=due.values("creator")).order_by("pk")
    return sum(_release(creator, now) for creator in creators)


def _release(creator: Creator, now: dt.datetime) -> int:
    with transaction.atomic():
        locks.creator(creator=creator)
        held = ReserveHold.objects.filter(creator=creator, released_at=None)
        # Read under the lock: another release of this creator is over, its holds are none of ours.
        due = list(held.filter(release_at__lte=now).order_by("day"))
        if not due:
            return 0
        kept = held.filter(release_at__gt=now).aggregate(total=Sum("amount"))["total"] or 0
        there = standing.purse(creator_id=creator.pk).reserve - int(kept)
        amount = max(0, min(there, sum(hold.amount for hold in due)))
        _book(creator, due[-1].day, amount, now)
        _close(due, amount, now)
    return amount


def _book(creator: Creator, last_day: dt.date, amount: int, now: dt.datetime) -> None:
    if not amount:
        return
    wallets = standing.purse(creator_id=creator.pk).wallets
    ledger.post(
        kind=KIND,
        source=Source("creator_day", f"{creator.public_id}:{last_day}"),
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
