"""How one agent does: its runs, who calls it, what they read and what they bring."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from billing.models import Earning, Execution
from marketplace.models import Agent


@dataclass(frozen=True)
class Day:
    """One UTC day of an agent."""

    day: dt.date
    executions: int
    gross: int
    net: int


@dataclass(frozen=True)
class Stats:
    """An agent's figures of a period. Amounts in credit micros; the rate is null before the first run."""

    agent: Agent
    executions: int
    unique_callers: int
    success_rate: float | None  # house: float: a share of runs, no amount
    gross: int
    net: int
    usage: dict[str, str]
    series: list[Day]


USAGE: Final = """
SELECT metric.key, sum(metric.value::numeric)
FROM billing_execution x CROSS JOIN jsonb_each_text(x.usage) metric
WHERE x.agent_id = %s AND x.closed_at >= %s AND x.closed_at < %s AND x.outcome <> ''
    AND jsonb_typeof(x.usage) = 'object'
GROUP BY 1 ORDER BY 1
"""


def stats(*, agent: Agent, since: dt.datetime, until: dt.datetime) -> Stats:
    """Report an agent's runs that ended in `[since, until)`, and what they brought its creator."""
    runs = _runs(agent, since, until)
    found = runs.aggregate(
        executions=Count("id"),
        successes=Count("id", filter=Q(outcome="success")),
        callers=Count("customer", distinct=True),
    )
    series = _series(agent, since, until)
    return Stats(
        agent=agent,
        executions=found["executions"],
        unique_callers=found["callers"],
        success_rate=round(found["successes"] / found["executions"], 4) if found["executions"] else None,
        gross=sum(day.gross for day in series),
        net=sum(day.net for day in series),
        usage=_usage(agent, since, until),
        series=series,
    )


def _runs(agent: Agent, since: dt.datetime, until: dt.datetime) -> QuerySet[Execution]:
    # A run that was released or expired has no outcome: it did not run to an end.
    ended = Execution.objects.filter(agent=agent, closed_at__gte=since, closed_at__lt=until)
    return ended.exclude(outcome="").exclude(source="plan_fee")


def _series(agent: Agent, since: dt.datetime, until: dt.datetime) -> list[Day]:
    charged = Execution.objects.filter(agent=agent, closed_at__gte=since, closed_at__lt=until)
    days = {
        row["day"]: row
        for row in charged.annotate(day=TruncDate("closed_at", tzinfo=dt.UTC))
        .values("day")
        .annotate(executions=Count("id", filter=~Q(outcome="") & ~Q(source="plan_fee")), gross=Sum("charged"))
        .order_by("day")
    }
    earned = Earning.objects.filter(
        agent=agent, creator=agent.creator, earned_at__gte=since, earned_at__lt=until
    )
    nets = {row["day"]: row["net"] for row in earned.values("day").annotate(net=Sum("amount"))}
    return [
        Day(day, row["executions"], int(row["gross"]), int(nets.get(day, 0)))
        for day, row in days.items()
        if row["executions"] or row["gross"]
    ]


def _usage(agent: Agent, since: dt.datetime, until: dt.datetime) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(USAGE, [agent.pk, since, until])
        return {metric: f"{quantity.normalize():f}" for metric, quantity in cursor.fetchall()}
