"""A creator's earnings, as reports show them: summed over executions, by UTC day or agent."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum

from billing.models import Earning
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


@dataclass(frozen=True)
class Earnings:
    """A report of earnings."""

    total: Sums
    position: Position
    rows: list[Row] = field(default_factory=list)


# Posted and not yet posted in one statement, so that no run is counted twice or not at all.
MATURING: Final = """
SELECT coalesce((SELECT balance FROM wallets_wallet WHERE owner_type = 'creator' AND owner_id = %(creator)s
                 AND unit = 'CREDITS' AND kind = 'pending' AND scope = ''), 0)
     + coalesce((SELECT sum(e.amount) FROM billing_execution x JOIN billing_earning e ON e.execution_id = x.id
                 WHERE x.state = 'settled' AND x.charged > 0 AND x.posting_id IS NULL
                   AND e.creator_id = %(creator)s), 0)
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
    found = _within(creator_id, since, until).aggregate(**_SUMS)
    return Sums(**{name: int(value or 0) for name, value in found.items()})


def rows(*, creator_id: int, since: dt.datetime, until: dt.datetime, group_by: GroupBy) -> list[Row]:
    """Sum what a creator earned in `[since, until)` by UTC day, or by agent with the best first."""
    earned = _within(creator_id, since, until)
    if group_by == "day":
        return [_row(row) for row in earned.values("day").annotate(**_SUMS).order_by("day")]
    named = {"key": F("agent__public_id"), "slug": F("agent__slug"), "name": F("agent__name")}
    found = [_row(row) for row in earned.values(**named).annotate(**_SUMS)]
    return sorted(found, key=lambda row: (-row.net, row.slug))


def position(*, creator_id: int) -> Position:
    """Say where a creator's money stands; earnings of a moment ago are in `maturing`."""
    with connection.cursor() as cursor:
        cursor.execute(MATURING, {"creator": creator_id})
        (maturing,) = cursor.fetchone()
    payouts = Payout.objects.filter(creator_id=creator_id)
    sums = payouts.aggregate(
        in_transit=Sum("amount", filter=Q(state__in=Payout.IN_FLIGHT)),
        paid=Sum(
            F("amount") - F("amount") / F("amount_cents") * F("reversed_cents"),
            filter=Q(state__in=Payout.TRANSFERRED),
        ),
    )
    return Position(
        maturing=int(maturing),
        payable=standing.purse(creator_id=creator_id).payable,
        in_transit=int(sums["in_transit"] or 0),
        paid=int(sums["paid"] or 0),
    )


_SUMS: Final = {
    "gross": Sum("execution__charged"),
    "platform_fee": Sum("execution__platform_amount"),
    "net": Sum("amount"),
    # What a plan costs above its credits is split like a run, but it is none.
    "executions": Count("id", filter=~Q(execution__source="plan_fee")),
}


def _within(creator_id: int, since: dt.datetime, until: dt.datetime) -> QuerySet[Earning]:
    # The days only spare reading: the index is on them.
    days = {"day__gte": since.astimezone(dt.UTC).date(), "day__lte": until.astimezone(dt.UTC).date()}
    return Earning.objects.filter(creator_id=creator_id, earned_at__gte=since, earned_at__lt=until, **days)


def _row(row: Mapping[str, Any]) -> Row:
    sums = {name: int(row[name]) for name in _SUMS}
    return Row(
        day=row.get("day"),
        agent=row.get("key", ""),
        slug=row.get("slug", ""),
        name=row.get("name", ""),
        **sums,
    )
