"""Runs from a page: the page plays router, on the real wallet at the real price, with usage that was typed."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from django.db.models import QuerySet

from accounts.models import Customer
from billing.models.executions import OPEN_STATES, Execution
from billing.operations import executions, settlement
from billing.runs import Allowed, Blocked, ExecutionClosedError, Opening, Report
from config.kit import jobs

RUN_SECONDS: Final = 2
LEFT_BEHIND_SECONDS: Final = 10
TTL_SECONDS: Final = 300
FINISHED_AT_ONCE_MAX: Final = 200


def start(
    *,
    customer: Customer,
    agent: str,
    usage: Mapping[str, Decimal],
    model: str = "",
    key: str,
    now: dt.datetime,
) -> Allowed | Blocked:
    """Reserve a run at the usage typed; it settles in a moment. The same key starts it once.

    Raises as executions.reserve does.
    """
    opening = Opening(
        agent=agent,
        caller=customer.public_id,
        principal=principal(customer),
        source=Execution.Source.PAGE,
        usage=usage,
        model=model,
        ttl_seconds=TTL_SECONDS,
        key=key,
        fingerprint=Report(principal="", usage=usage, agent=agent, model=model).fingerprint(),
    )
    found = executions.reserve(opening=opening, now=now)
    if isinstance(found, Allowed) and not found.replayed:
        jobs.enqueue("billing.finish_page_run", countdown_seconds=RUN_SECONDS, execution=found.execution)
    return found


def finish(*, execution: str, now: dt.datetime) -> None:
    """Settle a page's run; one that was settled or released meanwhile stays so."""
    found = _page_runs().select_related("customer").filter(public_id=execution).first()
    if found is None:
        return
    usage = {metric: Decimal(value) for metric, value in (found.quoted_usage or {}).items()}
    report = Report(principal=found.principal, usage=usage, execution=execution)
    try:
        settlement.settle(report=report, now=now)
    except ExecutionClosedError:
        return


def finish_left_behind(*, now: dt.datetime) -> int:
    """Settle the open page runs that their own job has not settled; return how many."""
    since = now - dt.timedelta(seconds=LEFT_BEHIND_SECONDS)
    left = _page_runs().filter(state__in=OPEN_STATES, opened_at__lte=since).order_by("expires_at")
    found = list(left.values_list("public_id", flat=True)[:FINISHED_AT_ONCE_MAX])
    for execution in found:
        finish(execution=execution, now=now)
    return len(found)


def principal(customer: Customer) -> str:
    """Name a customer's page as the opener of a run."""
    return f"page:{customer.public_id}"


def _page_runs() -> "QuerySet[Execution]":
    return Execution.objects.filter(source=Execution.Source.PAGE)
