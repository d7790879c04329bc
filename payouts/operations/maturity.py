"""Maturity: what was earned in a UTC day moves from pending to payable, once per creator and day."""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby

from django.db import transaction

from marketplace.models import Creator
from payouts.models import MaturedEarning
from payouts.queries.maturing import Line
from wallets import chart, ledger
from wallets.ledger import Leg, Source
from wallets.models import Wallet
from wallets.operations import open_wallet

ACTOR = "job:maturity"


def mature(*, creator: Creator, lines: Sequence[Line], now: dt.datetime) -> int:
    """Move a creator's days to payable; give the credit micros moved. The days must be posted and closed."""
    moved = 0
    with transaction.atomic():
        for day, of_day in groupby(lines, key=lambda line: line.day):
            moved += _mature_day(creator, day, list(of_day), now)
    return moved


def _mature_day(creator: Creator, day: dt.date, lines: list[Line], now: dt.datetime) -> int:
    total = sum(line.amount for line in lines)
    posted = ledger.post(
        kind="maturity",
        source=Source("creator_day", f"{creator.public_id}:{day}"),
        actor=ACTOR,
        legs=[
            Leg(_wallet(creator, chart.PENDING, now).pk, -total),
            Leg(_wallet(creator, chart.PAYABLE, now).pk, total),
        ],
        # The two wallets' images in USD are rounded down separately: a micro may be between them.
        plug=chart.ROUNDING,
        now=now,
    )
    if posted.replayed:
        # Another run got here first, rows and all: it was the same transaction.
        return 0
    MaturedEarning.objects.bulk_create(
        MaturedEarning(creator=creator, agent_id=line.agent_id, day=day, amount=line.amount, matured_at=now)
        for line in lines
    )
    return total


def _wallet(creator: Creator, kind: str, now: dt.datetime) -> Wallet:
    return open_wallet(owner_type=Wallet.OwnerType.CREATOR, owner_id=creator.pk, kind=kind, now=now)
