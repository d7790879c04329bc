"""Claws: the credits of a purchase whose money was given back, or taken back by a bank.

What is unspent of the purchase goes first, then other paid credits of the wallet, and the rest below zero: arrears.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Sum

from wallets import calls, chart
from wallets.chart import PlatformWallet
from wallets.ledger import Source
from wallets.models import Claw


@dataclass(frozen=True, slots=True)
class Purchase:
    """What was paid for: its name (one for all its claws), its lots, and its price with tax in USD micros."""

    name: str
    wallet_id: int
    grant_ids: Sequence[int]
    price: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one lot loses, with the cash behind it; no lot: what goes below zero, with what is receivable for it."""

    grant_id: int | None
    amount: int
    cash: int


@dataclass(frozen=True, slots=True)
class Booking:
    """Why and by whom a claw is booked. `kind` and `source` make it happen once."""

    kind: str
    source: Source
    actor: str
    description: str = ""
    occurred_at: dt.datetime | None = None


class Clawed(NamedTuple):
    """The claw that stands for the cause, and whether it stood before."""

    claw_id: int
    replayed: bool


def preview(*, purchase: Purchase, usd: int, now: dt.datetime, tax: int = 0) -> list[Part]:
    """Tell what giving back so much of a purchase would take, lot by lot."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM wallets_claw_parts(%s, %s, %s::bigint[], %s, %s, %s, %s)",
            [*_bought(purchase), usd, tax, now],
        )
        return [Part(*row) for row in cursor.fetchall()]


def take(
    *,
    purchase: Purchase,
    usd: int,
    booking: Booking,
    now: dt.datetime,
    tax: int = 0,
    account: PlatformWallet = chart.STRIPE_CASH,
) -> Clawed:
    """Claw what so much given back stands for, once per cause, by force where the wallet does not cover it.

    `usd` is what this cause gives back, with its tax; how many credits that is follows from all that was given back of
    the purchase before (ledger.md rule 17). `account` is where the dollars left: for a lost dispute `chart.DISPUTES`,
    after its frozen credits were given back to their lots, in one transaction of the database.
    """
    found = calls.row(
        "SELECT * FROM wallets_claw(%s, %s, %s::bigint[], %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [*_bought(purchase), usd, tax, account.kind, *_caused(booking, now)],
    )
    return Clawed(*found)


def undo(
    *, claw_id: int, booking: Booking, now: dt.datetime, account: PlatformWallet = chart.STRIPE_CASH
) -> Clawed:
    """Give a claw back, for its money came back: once, whatever the cause."""
    found = calls.row(
        "SELECT * FROM wallets_unclaw(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [claw_id, account.kind, *_caused(booking, now)],
    )
    return Clawed(*found)


def taken(*, purchase: str) -> tuple[int, int]:
    """Give what was clawed of a purchase so far, in credits, and what was given back for it, in USD micros."""
    sums = Claw.objects.filter(purchase=purchase).aggregate(amount=Sum("amount"), usd=Sum("usd"))
    return sums["amount"] or 0, sums["usd"] or 0


def _bought(purchase: Purchase) -> list[Any]:
    return [purchase.wallet_id, purchase.name, list(purchase.grant_ids), purchase.price]


def _caused(booking: Booking, now: dt.datetime) -> list[Any]:
    why = [booking.kind, booking.source.type, booking.source.id, booking.actor, booking.description]
    return [*why, booking.occurred_at or now, now]
