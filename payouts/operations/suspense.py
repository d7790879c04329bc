"""Suspense: what Stripe has and nothing of ours explains is booked there after a while, and leaves it when it is
explained. Each is a transaction of its own.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from payouts.queries.stripe_cash import Sides
from payouts.reconciling import Finding, Kind, Line
from wallets import chart, ledger
from wallets.ledger import Leg, Source

ACTOR: Final = "job:reconcile"
# Webhooks, their sweepers and this very comparison have had their turns by then.
PARK_AFTER: Final = dt.timedelta(hours=1)


def park(*, findings: Sequence[Finding], now: dt.datetime) -> int:
    """Book what Stripe has had for an hour and we have not; give how many causes."""
    old = [found for found in findings if found.kind is Kind.MISSING_HERE and found.at <= now - PARK_AFTER]
    for finding in old:
        # A cause that was parked before and cleared is parked anew: its newest line names it.
        line = max(finding.said, key=lambda said: (said.at, said.ref))
        _post(key=finding.key, ref=line.ref, amount=finding.amount, at=finding.at, now=now)
    return len(old)


def clear(*, sides: Sides, now: dt.datetime) -> int:
    """Take out of suspense what its own booking has explained since; give how many causes."""
    said, booked = sides.totals()
    cleared = 0
    for key, parked in sides.parked.items():
        ours = [line for line in sides.booked if line.key == key]
        if booked.get(key, 0) - parked == said.get(key, 0) != 0 and len(ours) > 1:
            last = max(ours, key=_recency)
            _post(key=key, ref=last.ref, amount=-parked, at=last.at, now=now, explained=True)
            cleared += 1
    return cleared


def _recency(line: Line) -> tuple[dt.datetime, str]:
    return line.at, line.ref


def _post(
    *, key: str, ref: str, amount: int, at: dt.datetime, now: dt.datetime, explained: bool = False
) -> None:
    ledger.post(
        kind="suspense_cleared" if explained else "suspense",
        source=Source("stripe_line", f"{key}#{ref}"),
        actor=ACTOR,
        legs=[Leg(chart.STRIPE_CASH, -amount), Leg(chart.SUSPENSE, amount)],
        now=now,
        occurred_at=at,
        description=f"Explained by {ref}" if explained else f"Stripe's line {ref}, which nothing explains",
    )
