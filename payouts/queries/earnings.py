"""A creator's earnings, as reports show them: summed over executions, by UTC day or agent."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from django.db import connection
from django.db.models import F, Q, Sum

from billing.queries import rollups
from billing.queries.rollups import Asked
from payouts.models import Payout
from payouts.queries import standing

GroupBy = Literal["day", "agent"]
GROUPS: Final = ("day", "agent")


@dataclass(frozen=True)
class Sums:
    """What runs brought: the charge, the platform's part of it, the creator's part. Credit micros."""

    gross: int = 0
    platform_fee: int = 0
    net: int = 0
    executions: int = 0


@dataclass(frozen=True)
class Row(Sums):
    """The sums of one day, or of one agent."""

    day: dt.date | None = None
    agent: str = ""
    slug: str = ""
    name: str = ""


@dataclass(frozen=True)
class Position:
    """Where a creator's money stands at this moment, in credit micros."""

    maturing: int
    payable: int
    in_transit: int
    paid: int
    reserve: int
    owed: int


@dataclass(frozen=True)
class Earnings:
    """A report of earnings."""

    total: Sums
    position: Position
    rows: list[Row] = field(default_factory=list)


COLUMNS: Final = ("day", "agent_id", "gross", "platform_fee", "net", "runs")
SUMS: Final = """
    coalesce(sum(gross), 0)::bigint AS gross, coalesce(sum(platform_fee), 0)::bigint AS platform_fee,
    coalesce(sum(net), 0)::bigint AS net, coalesce(sum(runs), 0)::bigint AS executions
"""
TOTAL: Final = "SELECT {sums} FROM found"
ROWS: Final = {
    "day": "SELECT day, {sums} FROM found GROUP BY day ORDER BY day",
    "agent": """
        SELECT a.public_id AS agent, a.slug, a.name, {sums}
        FROM found JOIN marketplace_agent a ON a.id = found.agent_id
        GROUP BY a.id ORDER BY net DESC, a.slug COLLATE "C"
    """,
}
# Posted and not yet posted in one statement, so that no run is counted twice or not at all.
MATURING: Final = """
SELECT creator_id, sum(amount)::bigint FROM (
    SELECT owner_id AS creator_id, balance AS amount FROM wallets_wallet
    WHERE owner_type = 'creator' AND owner_id = ANY (%(creators)s)
        AND unit = 'CREDITS' AND kind = 'pending' AND scope = ''
    UNION ALL
    SELECT e.creator_id, e.amount FROM billing_execution x JOIN billing_earning e ON e.execution_id = x.id
    WHERE x.state = 'settled' AND x.charged > 0 AND x.posting_id IS NULL AND e.creator_id = ANY (%(creators)s)
) found GROUP BY creator_id
"""


def report(*, creator_id: int, since: dt.datetime, until: dt.datetime, group_by: GroupBy) -> Earnings:
    """Report what a creator earned in `[since, until)`."""
    return Earnings(
        total=total(creator_id=creator_id, since=since, until=until),
        position=position(creator_id=creator_id),
        rows=rows(creator_id=creator_id, since=since, until=until, group_by=group_by),
    )


def total(*, creator_id: int, since: dt.datetime, until: dt.datetime) -> Sums:
    """Sum what a creator earned in `[since, until)`."""
    (found,) = _read(TOTAL, Asked(creator_id, since, until))
    return Sums(**found)


def rows(*, creator_id: int, since: dt.datetime, until: dt.datetime, group_by: GroupBy) -> list[Row]:
    """Sum what a creator earned in `[since, until)` by UTC day, or by agent with the best first."""
    return [Row(**row) for row in _read(ROWS[group_by], Asked(creator_id, since, until))]


def position(*, creator_id: int) -> Position:
    """Say where a creator's money stands; earnings of a moment ago are in `maturing`."""
    purse = standing.purse(creator_id=creator_id)
    payouts = Payout.objects.filter(creator_id=creator_id)
    sums = payouts.aggregate(
        in_transit=Sum("amount", filter=Q(state__in=Payout.IN_FLIGHT)),
        paid=Sum(
            F("amount") - F("amount") / F("amount_cents") * F("reversed_cents"),
            filter=Q(state__in=Payout.TRANSFERRED),
        ),
    )
    return Position(
        maturing=maturing(creator_id=creator_id),
        payable=purse.payable,
        in_transit=int(sums["in_transit"] or 0),
        paid=int(sums["paid"] or 0),
        reserve=purse.reserve,
        owed=-purse.debt,
    )


def maturing(*, creator_id: int) -> int:
    """Sum what a creator has earned and has not matured, posted or not."""
    return maturing_of(creator_ids=[creator_id]).get(creator_id, 0)


def maturing_of(*, creator_ids: Iterable[int]) -> dict[int, int]:
    """Sum what creators have earned and has not matured, for those of several that have earned anything."""
    with connection.cursor() as cursor:
        cursor.execute(MATURING, {"creators": list(creator_ids)})
        return dict(cursor.fetchall())


def _read(select: str, asked: Asked) -> list[dict[str, Any]]:
    return rollups.read(
        rollup=rollups.EARNINGS, columns=COLUMNS, select=select.format(sums=SUMS), asked=asked
    )
