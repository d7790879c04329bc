"""What reports must say, read from every single run: the oracle for those that read sums by day."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal

from django.db.models import QuerySet

from billing.models import Earning, Execution, UsageEvent
from billing.queries.usage import UsageRow
from marketplace.models import Agent
from payouts.queries.agent_stats import Day, Stats
from payouts.queries.earnings import Row


def usage(group: str, *, customer_id: int, since: dt.datetime, until: dt.datetime) -> list[UsageRow]:
    """Group a customer's settled runs."""
    period = {"customer": customer_id, "occurred_at__gte": since, "occurred_at__lt": until}
    ran: defaultdict[tuple[str, str, str], list[Execution]] = defaultdict(list)
    settled = Execution.objects.filter(state__in=["settled", "unbilled"], **period)
    for run in settled.exclude(source="plan_fee").select_related("agent"):
        ran[_key(group, run)].append(run)
    read: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for event in UsageEvent.objects.filter(**period).select_related("agent"):
        read[_key(group, event)[0]][event.metric] += event.quantity
    found = [
        UsageRow(key, label, of_id, len(of), sum(run.charged for run in of), dict(read[key]))
        for (key, label, of_id), of in ran.items()
    ]
    return sorted(found, key=lambda row: row.key if group == "day" else (-row.cost, row.key))


def stats(agent: Agent, *, since: dt.datetime, until: dt.datetime) -> Stats:
    """Report how an agent did."""
    ended = Execution.objects.filter(agent=agent, closed_at__gte=since, closed_at__lt=until)
    ran = list(ended.exclude(outcome="").exclude(source="plan_fee"))
    days: defaultdict[dt.date, list[int]] = defaultdict(lambda: [0, 0, 0])
    for run in ended.exclude(outcome=""):
        days[_day(run)][0] += run.source != "plan_fee"
        days[_day(run)][1] += run.charged
    for earning in _earned(since, until).filter(agent=agent, creator=agent.creator):
        days[earning.day][2] += earning.amount
    read: defaultdict[str, Decimal] = defaultdict(Decimal)
    for run in ran:
        for metric, quantity in (run.usage or {}).items():
            read[metric] += Decimal(quantity)
    successes = sum(run.outcome == "success" for run in ran)
    return Stats(
        agent=agent,
        executions=len(ran),
        unique_callers=len({run.customer_id for run in ran}),
        success_rate=round(successes / len(ran), 4) if ran else None,
        gross=sum(gross for _, gross, _ in days.values()),
        net=sum(net for _, _, net in days.values()),
        usage={metric: f"{quantity.normalize():f}" for metric, quantity in sorted(read.items())},
        series=[Day(day, *sums) for day, sums in sorted(days.items())],
    )


def earnings(group: str, *, creator_id: int, since: dt.datetime, until: dt.datetime) -> list[Row]:
    """Sum what a creator earned by day or agent."""
    found: defaultdict[dt.date | Agent, list[Earning]] = defaultdict(list)
    for earning in _earned(since, until).filter(creator=creator_id).select_related("execution", "agent"):
        found[earning.day if group == "day" else earning.agent].append(earning)
    rows = [_row(key, of) for key, of in found.items()]
    return sorted(
        rows, key=lambda row: (row.day or dt.date.min, -row.net if group == "agent" else 0, row.slug)
    )


def settled(*, since: dt.datetime) -> tuple[int, int]:
    """Count what settled from a moment on, and what it came to."""
    ran = Execution.objects.filter(state="settled", closed_at__gte=since).exclude(source="plan_fee")
    return len(ran), sum(run.charged for run in ran)


def spent(*, customer_id: int, since: dt.datetime) -> int:
    """Sum what a customer's runs charged from a moment on."""
    ran = Execution.objects.filter(customer=customer_id, state="settled", closed_at__gte=since)
    return sum(run.charged for run in ran.exclude(source="plan_fee"))


def _key(group: str, row: Execution | UsageEvent) -> tuple[str, str, str]:
    if group == "agent":
        return row.agent.slug, row.agent.name, row.agent.public_id
    if group == "model":
        return row.model, row.model, ""
    assert row.occurred_at is not None
    return row.occurred_at.astimezone(dt.UTC).date().isoformat(), "", ""


def _row(key: dt.date | Agent, earned: list[Earning]) -> Row:
    ran = [earning.execution for earning in earned]
    named = {"agent": key.public_id, "slug": key.slug, "name": key.name} if isinstance(key, Agent) else {}
    return Row(
        gross=sum(run.charged for run in ran),
        platform_fee=sum(run.platform_amount for run in ran),
        net=sum(earning.amount for earning in earned),
        executions=sum(run.source != "plan_fee" for run in ran),
        day=None if isinstance(key, Agent) else key,
        **named,
    )


def _earned(since: dt.datetime, until: dt.datetime) -> QuerySet[Earning]:
    return Earning.objects.filter(earned_at__gte=since, earned_at__lt=until)


def _day(run: Execution) -> dt.date:
    assert run.closed_at is not None
    return run.closed_at.astimezone(dt.UTC).date()
