"""Both sides of our cash at Stripe for some days, cause by cause: what Stripe says, what our ledger says."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import connection

from billing import cash_lines
from payouts.calendar import midnight
from payouts.models import Correction, Discrepancy
from payouts.reconciling import Judgement, Kind, Line, judge
from wallets import days

SIDES: Final = f"""
WITH said AS MATERIALIZED ({cash_lines.SAID} UNION ALL {cash_lines.SAID_FEES}),
booked AS MATERIALIZED ({cash_lines.BOOKED} UNION ALL {cash_lines.BOOKED_FEES} UNION ALL {cash_lines.ELSEWHERE}),
keys AS (
    SELECT key FROM said WHERE at >= %(start)s AND at < %(end)s
    UNION SELECT key FROM booked WHERE at >= %(start)s AND at < %(end)s UNION SELECT unnest(%(keys)s::text[])
)
SELECT true, key, account, amount, at, ref FROM said JOIN keys USING (key)
UNION ALL SELECT false, key, account, amount, at, ref FROM booked JOIN keys USING (key)
"""  # noqa: S608  (constants)
PARKED: Final = """
SELECT split_part(x.source_id, '#', 1) AS key, sum(e.amount)::bigint FROM wallets_entry e
JOIN wallets_transaction x ON x.id = e.transaction_id
WHERE e.wallet_id = (SELECT wallets_platform('USD', 'suspense')) GROUP BY 1 HAVING sum(e.amount) <> 0
"""
NEVER: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which causes to read: those that moved on these days (both included), and some besides.

    `told` are the lines that Stripe told of just now: a mirrored line of these days which is not among them is none.
    """

    first: dt.date | None = None
    last: dt.date | None = None
    keys: tuple[str, ...] = ()
    told: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """What both sides tell, and what of it stands in suspense by cause."""

    said: list[Line] = field(default_factory=list)
    booked: list[Line] = field(default_factory=list)
    parked: dict[str, int] = field(default_factory=dict)

    def judged(self, *, now: dt.datetime) -> Judgement:
        """Compare the two; what two people have accepted as another day is settled."""
        judged = judge(said=self.said, booked=self.booked, now=now, closed=days.closed())
        accepted = _accepted_days()
        judged.findings[:] = [
            found for found in judged.findings if found.kind is not Kind.TIMING or found.key not in accepted
        ]
        return judged

    def totals(self) -> tuple[dict[str, int], dict[str, int]]:
        """Sum what is said and what is booked by cause."""
        return _totals(self.said), _totals(self.booked)


def load(*, scope: Scope) -> Sides:
    """Read both sides of every cause in the scope, and of all that stand in suspense."""
    start = midnight(day=scope.first) if scope.first else NEVER
    end = days.end_of(day=scope.last) if scope.last else NEVER
    parked = suspense()
    with connection.cursor() as cursor:
        cursor.execute(SIDES, {"start": start, "end": end, "keys": [*scope.keys, *parked]})
        rows = cursor.fetchall()
    said = [Line(*row[1:]) for row in rows if row[0]]
    if scope.told is not None:
        said = [line for line in said if line.ref in scope.told or not start <= line.at < end]
    return Sides(said, [Line(*row[1:]) for row in rows if not row[0]], parked)


def suspense() -> dict[str, int]:
    """Sum by cause what stands in suspense."""
    with connection.cursor() as cursor:
        cursor.execute(PARKED)
        return dict(cursor.fetchall())


def _accepted_days() -> set[str]:
    applied = Correction.objects.filter(
        state=Correction.State.APPLIED, discrepancy__kind=Discrepancy.Kind.TIMING
    )
    return set(applied.values_list("discrepancy__key", flat=True))


def _totals(lines: Sequence[Line]) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for line in lines:
        totals[line.key] += line.amount
    return totals
