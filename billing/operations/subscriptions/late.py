"""What late events and reversals change about periods that are billed already: adjustments on the next invoice.

A period is read again whenever a later one of its customer closes, until no event of it can come in any more; where no
later one closes, because the customer has left, it is read that once, and a last invoice is drafted.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Final

from django.db import transaction
from django.db.models import Count, Sum

from billing.models.invoices import InvoiceLine
from billing.models.subscriptions import SubscriptionPeriod
from billing.operations.invoices import drafting
from billing.operations.invoices.drafting import LineIn
from billing.operations.subscriptions import states, usage
from billing.periods import Period
from billing.queries import late_periods
from billing.queries import subscriptions as queries
from billing.queries.late_periods import LISTENS

Kind: Final = InvoiceLine.Kind
SWEEP_MAX: Final = 200


def bill(*, period: SubscriptionPeriod, now: dt.datetime) -> None:
    """Put what changed about the customer's earlier periods on its draft, when a later one closes."""
    earlier = late_periods.unread().filter(subscription__customer_id=period.subscription.customer_id)
    for each in earlier.exclude(pk=period.pk).order_by("starts_at"):
        _read_again(each, now)


def sweep(*, now: dt.datetime) -> int:
    """Read the last periods of customers who left, once no event of theirs can come in; return how many."""
    gone = late_periods.of_leavers().filter(ends_at__lte=now - LISTENS).order_by("ends_at")
    found = list(gone.values_list("pk", "subscription__customer_id")[:SWEEP_MAX])
    for period_id, customer_id in found:
        with transaction.atomic():
            # Two ticks, or one and a new subscription's first close: the customer's lock lets one read at a time.
            states.lock_customer(customer_id=customer_id)
            for period in late_periods.unread().filter(pk=period_id):
                _read_again(period, now)
    return len(found)


def _read_again(period: SubscriptionPeriod, now: dt.datetime) -> None:
    lines = list(_adjustments(period))
    if lines:
        stretch = Period(period.starts_at, period.ends_at)
        invoice = drafting.draft(customer_id=period.subscription.customer_id, period=stretch, now=now)
        for line in lines:
            drafting.add_line(invoice=invoice, line=line, now=now)
    if period.ends_at <= now - LISTENS:
        SubscriptionPeriod.objects.filter(pk=period.pk).update(read_at=now)


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
