"""A creator's home and earnings."""

import datetime as dt
from typing import Any, Final, cast

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.kit import clock
from marketplace.views.creator import CreatorRequest, creators_only
from payouts import calendar
from payouts.queries import creator_pages, earned_runs, earnings
from payouts.queries.earnings import GroupBy, Row

PERIODS: Final = {"7d": 7, "30d": 30, "90d": 90}
PERIOD: Final = "30d"


@creators_only
@never_cache
@require_safe
def overview(request: CreatorRequest) -> HttpResponse:
    """Show the creator's home."""
    page = creator_pages.overview(creator=request.creator, now=clock.now())
    return render(request, "payouts/creator/overview.html", vars(page))


@creators_only
@never_cache
@require_safe
def report(request: CreatorRequest) -> HttpResponse:
    """Show what was earned, by day or agent. A period or grouping we do not know is the default one."""
    period = request.GET.get("period", PERIOD)
    period = period if period in PERIODS else PERIOD
    asked = request.GET.get("group_by", "day")
    group_by = cast("GroupBy", asked if asked in earnings.GROUPS else "day")
    now = clock.now()
    last = calendar.utc_day(at=now)
    first = last - calendar.DAY * (PERIODS[period] - 1)
    found = earnings.report(
        creator_id=request.creator.pk, since=calendar.midnight(day=first), until=now, group_by=group_by
    )
    context = {
        "group_by": group_by,
        "period": period,
        "from_date": first,
        "to_date": last,
        "total": found.total,
        **vars(found.position),
        "runs": earned_runs.latest(creator=request.creator),
        "rows": [_row(row) for row in found.rows],
        "chart": _chart(found.rows, group_by, first, last),
        "summary": creator_pages.summary(rows=found.rows, days=PERIODS[period]),
    }
    return render(request, "payouts/creator/earnings.html", context)


def _chart(rows: list[Row], group_by: GroupBy, first: dt.date, last: dt.date) -> dict[str, Any] | None:
    if not rows:
        return None
    if group_by == "agent":
        return creator_pages.agent_chart(rows=rows)
    return creator_pages.day_chart(rows=rows, first=first, last=last)


def _row(row: Row) -> dict[str, Any]:
    label = f"{row.day:%a} {row.day.day} {row.day:%b %Y}" if row.day else row.name
    url = reverse("marketplace:creator_agent_edit", args=[row.slug]) if row.slug else ""
    return {**vars(row), "label": label, "url": url}
