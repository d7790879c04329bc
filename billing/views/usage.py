"""Usage in the browser: where the credits went, by agent, model or day; as a table, a chart and CSV."""

import csv
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.middleware import SignedInRequest
from billing import answers
from billing.queries import usage as queries
from billing.queries.usage import UsageRow
from config.kit import clock
from wallets import money
from wallets.templatetags.money import credits_text

PERIODS: Final = {"7d": 7, "30d": 30, "90d": 90}
PERIOD_DEFAULT: Final = "30d"
NAMELESS: Final = "No model named"


@dataclass(frozen=True, slots=True)
class PageRow:
    """A row of the table."""

    label: str
    url: str
    executions: int
    compute_units: str
    cost: int
    share: str


@login_required
@require_GET
def usage(request: SignedInRequest) -> HttpResponse:
    """Show what the runs of a period cost."""
    group, period = _asked(request)
    since, until = _dates(period)
    found = queries.by(group=group, customer_id=request.customer.pk, since=since, until=until)
    total = queries.total(found)
    rows = [_row(row, total.cost, group) for row in found]
    if request.GET.get("format") == "csv":
        return _csv(group, rows)
    context = {
        "group_by": group,
        "period": period,
        "from_date": since.date(),
        "to_date": until.date(),
        "rows": rows,
        "total": {
            "executions": total.executions,
            "compute_units": _units(total),
            "cost": total.cost,
        },
        "chart": _chart(group, rows, since, until),
        "summary": _summary(group, rows, total, period),
        "csv_url": f"{reverse('billing:usage')}?period={period}&group_by={group}&format=csv",
    }
    return render(request, "billing/usage.html", context)


def _asked(request: SignedInRequest) -> tuple[str, str]:
    group, period = request.GET.get("group_by", "agent"), request.GET.get("period", PERIOD_DEFAULT)
    return (
        group if group in queries.GROUPS else "agent",
        period if period in PERIODS else PERIOD_DEFAULT,
    )


def _dates(period: str) -> tuple[dt.datetime, dt.datetime]:
    """Give whole days in UTC, today as the last."""
    now = clock.now()
    tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
    return tomorrow - dt.timedelta(days=PERIODS[period]), tomorrow


def _row(row: UsageRow, whole: int, group: str) -> PageRow:
    share = (Decimal(row.cost) * 100 / whole).quantize(Decimal("0.1")) if whole else Decimal(0)
    return PageRow(
        label=row.label or row.key or NAMELESS,
        url=reverse("marketplace:agent", args=[row.key]) if group == "agent" else "",
        executions=row.executions,
        compute_units=_units(row),
        cost=row.cost,
        share=answers.plain(share),
    )


def _units(row: UsageRow) -> str:
    return answers.plain(row.compute_units) if row.compute_units else ""


def _chart(
    group: str, rows: Sequence[PageRow], since: dt.datetime, until: dt.datetime
) -> dict[str, Any] | None:
    if not rows:
        return None
    costs = {row.label: row.cost for row in rows}
    if group == "day":
        days = [since.date() + dt.timedelta(days=n) for n in range((until - since).days)]
        costs = {f"{day:%b} {day.day}": costs.get(day.isoformat(), 0) for day in days}
    return {
        "labels": list(costs),
        "series": [{"name": "Cost", "values": list(costs.values())}],
        "unit": "credits",
        "kind": "bar",
        "stacked": False,
    }


def _summary(group: str, rows: Sequence[PageRow], total: UsageRow, period: str) -> str:
    if not rows:
        return ""
    most = max(rows, key=lambda row: row.cost)
    lead = f"{total.executions:,} runs cost {credits_text(total.cost)} credits in {PERIODS[period]} days"
    return f"{lead}; the most expensive {group} was {most.label} with {most.share} %."


def _csv(group: str, rows: Sequence[PageRow]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="usage-by-{group}.csv"'
    writer = csv.writer(response)
    writer.writerow([group, "runs", "compute_units", "cost_credits", "share_percent"])
    for row in rows:
        writer.writerow(
            [_plain(row.label), row.executions, row.compute_units, money.text(row.cost), row.share]
        )
    return response


def _plain(text: str) -> str:
    """Keep a spreadsheet from reading a name as a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
