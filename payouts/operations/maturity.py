"""Maturity: what was earned in a UTC day moves from pending to payable and reserve, once per creator and day."""

import datetime as dt
from collections.abc import Iterator
from itertools import groupby

from marketplace.models import Creator
from payouts.models import MaturedEarning
from payouts.operations import reserves
from payouts.queries import maturing, standing, surplus
from payouts.queries.maturing import Line
from payouts.queries.terms import Terms
from wallets import chart, ledger
from wallets.ledger import Leg, Posted, Source
from wallets.models import Wallet
from wallets.operations import open_wallet

ACTOR = "job:maturity"


def mature(*, creator: Creator, agreed: Terms, before: dt.date, now: dt.datetime) -> int:
    """Move a creator's days before a date out of pending; give the credit micros moved.

    The days must be posted and closed, and the creator locked. Refunds and disputes may have taken of what was
    pending: a day gives what there still is, and its rows say how much it is short of what was earned.
    """
    lines = maturing.unmatured(creator_id=creator.pk, before=before)
    left = standing.purse(creator_id=creator.pk).pending
    moved = 0
    for day, of_day in groupby(lines, key=lambda line: line.day):
        moved += _mature_day(creator, day, list(of_day), agreed=agreed, there=left - moved, now=now)
    _give_back(creator, now)
    return moved


def _mature_day(
    creator: Creator, day: dt.date, lines: list[Line], *, agreed: Terms, there: int, now: dt.datetime
) -> int:
    total = sum(line.amount for line in lines)
    amount = min(total, there)
    reserved = reserves.share(amount=amount, agreed=agreed)
    if amount and _book(creator, day, amount, reserved, now).replayed:
        # Another run got here first, rows and all: it was the same transaction.
        return 0
    reserves.hold(creator=creator, day=day, amount=reserved, agreed=agreed, now=now)
    MaturedEarning.objects.bulk_create(_rows(creator, lines, total - amount, now))
    return amount


def _book(creator: Creator, day: dt.date, amount: int, reserved: int, now: dt.datetime) -> Posted:
    legs = {chart.PENDING: -amount, chart.PAYABLE: amount - reserved, chart.RESERVE: reserved}
    return ledger.post(
        kind="maturity",
        source=Source("creator_day", f"{creator.public_id}:{day}"),
        actor=ACTOR,
        legs=[Leg(_wallet(creator, kind, now).pk, leg) for kind, leg in legs.items() if leg],
        # The wallets' images in USD are rounded down separately: a micro may be between them.
        plug=chart.ROUNDING,
        now=now,
    )


def _rows(creator: Creator, lines: list[Line], short: int, now: dt.datetime) -> Iterator[MaturedEarning]:
    for line in lines:
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
