"""Maturity: what was earned in a UTC day moves from pending to payable and reserve, once per creator and day."""

import datetime as dt
from collections.abc import Iterator

from marketplace.models import Creator
from payouts.models import MaturedEarning
from payouts.operations import reserves
from payouts.queries import maturing, standing, surplus
from payouts.queries.maturing import Day
from payouts.queries.terms import Terms
from wallets import chart, ledger
from wallets.ledger import Leg, Posted, Source
from wallets.models import Wallet
from wallets.operations import open_wallet

ACTOR = "job:maturity"


def mature(*, creator: Creator, agreed: Terms, before: dt.date, now: dt.datetime) -> int:
    """Move a creator's days before a date out of pending; give the credit micros moved.

    The days must be posted and closed, and the creator locked. Refunds and disputes may have taken of what was
    pending: a day gives what there still is, and its rows say how much it is short of what was earned. A dispute that
    is decided meanwhile is read as open: its holds are then due at once.
    """
    there = standing.purse(creator_id=creator.pk).pending
    days = list(maturing.divided(creator_id=creator.pk, agreed=agreed, before=before, there=there))
    moved = sum(_mature_day(creator, day, agreed=agreed, now=now) for day in days)
    _give_back(creator, now)
    return moved


def _mature_day(creator: Creator, day: Day, *, agreed: Terms, now: dt.datetime) -> int:
    if day.amount and _book(creator, day, now).replayed:
        # Another run got here first, rows and all: it was the same transaction.
        return 0
    reserves.hold(creator=creator, day=day, agreed=agreed, now=now)
    MaturedEarning.objects.bulk_create(_rows(creator, day, now))
    return day.amount


def _book(creator: Creator, day: Day, now: dt.datetime) -> Posted:
    legs = {chart.PENDING: -day.amount, chart.PAYABLE: day.payable, chart.RESERVE: day.kept}
    return ledger.post(
        kind="maturity",
        source=Source("creator_day", f"{creator.public_id}:{day.day}"),
        actor=ACTOR,
        legs=[Leg(_wallet(creator, kind, now).pk, leg) for kind, leg in legs.items() if leg],
        # The wallets' images in USD are rounded down separately: a micro may be between them.
        plug=chart.ROUNDING,
        now=now,
    )


def _rows(creator: Creator, day: Day, now: dt.datetime) -> Iterator[MaturedEarning]:
    short = day.short
    for line in day.lines:
        missing = min(line.amount, short)
        short -= missing
        yield MaturedEarning(
            creator=creator,
            agent_id=line.agent_id,
            day=line.day,
            amount=line.amount,
            short=missing,
            matured_at=now,
        )


def _give_back(creator: Creator, now: dt.datetime) -> None:
    """Move what refunds and disputes put back after its day had matured short, or its hold was let go, to payable."""
    found = surplus.of(creator_id=creator.pk)
    if not found.total:
        return
    purse = standing.purse(creator_id=creator.pk)
    legs = {chart.PENDING: -found.pending, chart.RESERVE: -found.reserve, chart.PAYABLE: found.total}
    ledger.post(
        kind="pull_returned",
        source=Source("creator_payable", f"{creator.public_id}:{purse.seq}"),
        actor=ACTOR,
        legs=[Leg(_wallet(creator, kind, now).pk, leg) for kind, leg in legs.items() if leg],
        plug=chart.ROUNDING,
        now=now,
    )


def _wallet(creator: Creator, kind: str, now: dt.datetime) -> Wallet:
    return open_wallet(owner_type=Wallet.OwnerType.CREATOR, owner_id=creator.pk, kind=kind, now=now)
