"""What creators have earned that has not become payable yet, and what has and is in no payout."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from django.db import connection
from django.db.models import Exists, Max, OuterRef

from billing.models import Earning, Execution
from billing.queries import disputed
from payouts.models import MaturedEarning, PayoutItem
from payouts.queries.terms import Terms
from wallets import chart
from wallets.models import Wallet
from wallets.money import CREDITS

# By day: each dispute, and what it puts at stake of what was earned then.
Waiting = dict[dt.date, list[tuple[int, int]]]


@dataclass(frozen=True)
class Line:
    """What one agent earned one creator in one UTC day; once it has matured, how much of that was taken before."""

    creator_id: int
    agent_id: int
    day: dt.date
    amount: int
    short: int = 0


@dataclass(frozen=True)
class Day:
    """How a creator's day matures: what there is of it, and what of that waits for disputes and in the reserve."""

    day: dt.date
    lines: list[Line]
    amount: int
    held: dict[int, int]
    reserved: int

    @property
    def payable(self) -> int:
        """What becomes payable."""
        return self.amount - self.kept

    @property
    def kept(self) -> int:
        """What is held back."""
        return self.reserved + sum(self.held.values())

    @property
    def short(self) -> int:
        """What refunds and disputes had taken before."""
        return sum(line.amount for line in self.lines) - self.amount


# The last day that matured is looked up first, so that only what came later is read.
UNMATURED: Final = """
SELECT c.id, e.agent_id, e.day, sum(e.amount)::bigint FROM unnest(%(creators)s::bigint[]) AS c (id)
CROSS JOIN LATERAL (SELECT max(m.day) AS day FROM payouts_maturedearning m WHERE m.creator_id = c.id) last
JOIN billing_earning e ON e.creator_id = c.id AND e.day < %(before)s AND e.day > coalesce(last.day, '-infinity')
GROUP BY 1, 2, 3 ORDER BY 1, 3, 2
"""


def unmatured(*, creator_id: int, before: dt.date) -> list[Line]:
    """Sum a creator's earnings of days before a date that have not moved to payable, per agent and day.

    Days mature in order and none is left out, so all up to the last that did have.
    """
    return unmatured_of(creators=[creator_id], before=before)[creator_id]


def unmatured_of(*, creators: Iterable[int], before: dt.date) -> dict[int, list[Line]]:
    """Sum the earnings of several creators, as `unmatured` does."""
    found: dict[int, list[Line]] = {creator_id: [] for creator_id in creators}
    with connection.cursor() as cursor:
        cursor.execute(UNMATURED, {"creators": list(found), "before": before})
        for row in cursor.fetchall():
            line = Line(*row)
            found[line.creator_id].append(line)
    return found


def with_days(*, creators: Iterable[int], before: dt.date) -> set[int]:
    """Pick the creators that have earned something on days before a date that have not matured."""
    matured = MaturedEarning.objects.filter(creator_id=OuterRef("creator_id"), day__gte=OuterRef("day"))
    days = Earning.objects.filter(~Exists(matured), creator_id__in=creators, day__lt=before)
    return set(days.values_list("creator_id", flat=True).distinct())


def divided(*, creator_id: int, agreed: Terms, before: dt.date, there: int) -> Iterator[Day]:
    """Say how a creator's days before a date mature, given what there is: what is foreseen is what is booked."""
    lines = unmatured_of(creators=[creator_id], before=before)
    waiting = disputed_of(lines=lines)
    return divide(lines=lines[creator_id], waiting=waiting[creator_id], agreed=agreed, there=there)


def divide(*, lines: Iterable[Line], waiting: Waiting, agreed: Terms, there: int) -> Iterator[Day]:
    """Say how days mature: each gives what there still is of it.

    What a dispute puts at stake waits for it, and of the rest the tier holds its share back.
    """
    for day, found in groupby(lines, key=lambda line: line.day):
        of_day = list(found)
        amount = left = max(min(sum(line.amount for line in of_day), there), 0)
        held: dict[int, int] = {}
        for dispute_id, part in waiting.get(day, ()):
            held[dispute_id] = min(part, left)
            left -= held[dispute_id]
        there -= amount
        yield Day(
            day,
            of_day,
            amount,
            {key: part for key, part in held.items() if part},
            agreed.reserved(amount=left),
        )


def disputed_of(*, lines: Mapping[int, Iterable[Line]]) -> dict[int, Waiting]:
    """List what disputes put at stake of several creators' days."""
    found: dict[int, Waiting] = {creator_id: defaultdict(list) for creator_id in lines}
    days = {line.day for of_one in lines.values() for line in of_one}
    for part in disputed.earned(creator_ids=lines, days=days) if days else ():
        found[part.creator_id][part.day].append((part.dispute_id, part.amount))
    return found


def disputed_before_maturity(*, creator_id: int) -> int:
    """Sum what disputes put at stake of a creator's earnings that have not matured."""
    matured = MaturedEarning.objects.filter(creator_id=creator_id).aggregate(last=Max("day"))["last"]
    found = disputed.earned(creator_ids=[creator_id])
    return sum(part.amount for part in found if matured is None or part.day > matured)


def creators() -> set[int]:
    """List the creators who have earned something that is still to be paid, posted or not."""
    wallets = Wallet.objects.filter(
        owner_type=Wallet.OwnerType.CREATOR,
        unit=CREDITS,
        kind__in=[chart.PENDING, chart.PAYABLE],
        scope="",
        balance__gt=0,
    )
    settled = Execution.objects.filter(state=Execution.State.SETTLED, charged__gt=0, posting=None)
    unposted = Earning.objects.filter(execution__in=settled)
    return {*wallets.values_list("owner_id", flat=True), *unposted.values_list("creator_id", flat=True)}


def unpaid(*, creator_id: int) -> list[Line]:
    """List a creator's matured earnings that are in no live payout."""
    paid = PayoutItem.objects.filter(
        creator_id=creator_id, agent_id=OuterRef("agent_id"), day=OuterRef("day"), kind="earnings", live=True
    )
    rows = MaturedEarning.objects.filter(~Exists(paid), creator_id=creator_id).order_by("day", "agent_id")
    return [Line(row.creator_id, row.agent_id, row.day, row.amount, row.short) for row in rows]
