"""What late events and reversals change about periods that are billed already: adjustments on the next invoice.

A period is read again as long as events of it may come in, and what its lines do not say yet is added or given back.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Final

from django.db.models import Count, Sum

from billing.models.invoices import InvoiceLine
from billing.models.subscriptions import SubscriptionPeriod
from billing.operations.invoices import drafting
from billing.operations.invoices.drafting import LineIn
from billing.operations.subscriptions import usage
from billing.periods import Period
from billing.queries import subscriptions as queries
from billing.runs import LATE_MAX

Kind: Final = InvoiceLine.Kind
# Closing takes its time: an event may be on its way while a period is read.
MARGIN: Final = dt.timedelta(days=1)


def bill(*, period: SubscriptionPeriod, now: dt.datetime) -> None:
    """Put what changed about the customer's earlier periods on its draft, when a later one closes."""
    for earlier in _earlier(period):
        lines = list(_adjustments(earlier))
        if lines:
            stretch = Period(earlier.starts_at, earlier.ends_at)
            invoice = drafting.draft(customer_id=period.subscription.customer_id, period=stretch, now=now)
            for line in lines:
                drafting.add_line(invoice=invoice, line=line, now=now)


def _earlier(period: SubscriptionPeriod) -> Iterator[SubscriptionPeriod]:
    """List the periods that were not read since the last event of theirs could come in."""
    rows = SubscriptionPeriod.objects.filter(
        subscription__customer_id=period.subscription.customer_id,
        subscription__agent=None,
        closed_at__isnull=False,
        ends_at__gt=period.starts_at - LATE_MAX - MARGIN,
    )
    yield from rows.exclude(pk=period.pk).select_related("subscription", "tier").order_by("starts_at")


def _adjustments(period: SubscriptionPeriod) -> Iterator[LineIn]:
    read = usage.read(period=period)
    due: Counter[str] = Counter()
    for line in usage.rate(period=period, read=read) if read else ():
        due[line.meter] += line.amount_micros
    told = InvoiceLine.objects.filter(period=period, metric__in=read, kind__in=[Kind.USAGE, Kind.ADJUSTMENT])
    billed = {
        row["metric"]: row for row in told.values("metric").annotate(sum=Sum("amount_micros"), n=Count("pk"))
    }
    for metric in sorted(read):
        before = billed.get(metric, {"sum": 0, "n": 0})
        change = due[metric] - before["sum"]
        if change:
            # Each adjustment is told apart by how many lines there were before it.
            yield _line(
                period, metric, change, source=f"late:{queries.period_ref(period)}:{metric}:{before['n']}"
            )


def _line(period: SubscriptionPeriod, metric: str, change: int, *, source: str) -> LineIn:
    days = f"{period.starts_at:%Y-%m-%d} to {period.ends_at:%Y-%m-%d}"
    return LineIn(
        kind=Kind.ADJUSTMENT,
        text=f"Late events and corrections, {metric} of {days}",
        source=source,
        amount_micros=change,
        subscription_id=period.subscription_id,
        period_id=period.pk,
        metric=metric,
    )
