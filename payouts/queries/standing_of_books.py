"""How our books stand with Stripe: green, or what is open and for how long."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db.models import Min

from payouts.models import Correction, Discrepancy, Reconciliation
from wallets import chart, days, queries

ALERT_AFTER: Final = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the page says above its list."""

    compared_at: dt.datetime | None
    matched: int
    open: int
    oldest: str
    late: bool
    suspense: int
    waiting: int
    closed_to: dt.date | None


def standing(*, now: dt.datetime) -> Standing:
    """Read how the books stand with Stripe."""
    last = Reconciliation.objects.order_by("-id").first()
    unresolved = Discrepancy.objects.filter(resolved_at=None)
    since = unresolved.aggregate(since=Min("since"))["since"]
    return Standing(
        compared_at=last.finished_at if last else None,
        matched=last.matched if last else 0,
        open=unresolved.count(),
        oldest=age(since=since, until=now) if since else "",
        late=late(now=now) > 0,
        suspense=queries.platform_balance(chart.SUSPENSE),
        waiting=Correction.objects.filter(state=Correction.State.REQUESTED).count(),
        closed_to=days.closed_up_to(),
    )


def late(*, now: dt.datetime) -> int:
    """Count what has been unexplained for over a day (I39)."""
    return Discrepancy.objects.filter(resolved_at=None, since__lt=now - ALERT_AFTER).count()


def age(*, since: dt.datetime, until: dt.datetime) -> str:
    """Write an age in hours, from two days on in days."""
    hours = max(int((until - since) / dt.timedelta(hours=1)), 0)
    if hours < 48:
        return f"{hours} h"
    return f"{hours // 24} days"
