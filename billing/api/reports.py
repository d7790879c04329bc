"""GET /v1/usage: what a customer used and paid."""

import datetime as dt
import re
from typing import Any, Final

import msgspec

from accounts.plain_api import ApiRequest, api_view
from billing import answers
from billing.queries import usage
from billing.queries.usage import UsageRow
from config.kit import clock, query_params
from config.kit.errors import InvalidInputError
from wallets import money
from wallets.money import Amount

PERIOD: Final = re.compile(r"([1-9]\d{0,2})d", re.ASCII)
PERIOD_DEFAULT: Final = "30d"
DAYS_MAX: Final = 400
FOREVER: Final = dt.datetime.max.replace(tzinfo=dt.UTC)
PARAMETERS: Final = ("period", "from", "to", "group_by")


class UsageTotal(msgspec.Struct):
    """Runs and what they cost together."""

    executions: int
    compute_units: str
    cost: Amount
    usage: dict[str, str]


class UsageReport(msgspec.Struct):
    """Usage in a period, grouped; each row names its agent, model or day."""

    data: list[dict[str, Any]]
    total: UsageTotal


@api_view(
    kind="customer",
    scope="usage:read",
    methods=["GET"],
    query={
        "period": "So many days up to now, such as 30d.",
        "from": "From this time or date on, in UTC; instead of period.",
        "to": "Before this time or date, in UTC.",
        "group_by": "agent, model or day.",
    },
    answers={200: UsageReport},
    summary="Read usage by agent, model or day",
)
def report(request: ApiRequest) -> UsageReport:
    """Group the settled runs of the key's customer."""
    query_params.refuse_unknown(request.GET, known=PARAMETERS)
    group = query_params.choice(request.GET, "group_by", choices=usage.GROUPS, default="agent")
    since, until = _period(request)
    assert request.principal.customer_id is not None  # a customer's key, says the view
    rows = usage.by(group=group, customer_id=request.principal.customer_id, since=since, until=until)
    return UsageReport(data=[_row(group, row) for row in rows], total=_total(usage.total(rows)))


def _period(request: ApiRequest) -> tuple[dt.datetime, dt.datetime]:
    now = clock.now()
    since, until = query_params.moment(request.GET, "from"), query_params.moment(request.GET, "to")
    named = request.GET.get("period")
    match = PERIOD.fullmatch(named or PERIOD_DEFAULT)
    if match is None or int(match[1]) > DAYS_MAX:
        raise _invalid("period", f"must be 1d to {DAYS_MAX}d")
    if named and (since or until):
        raise _invalid("period", "goes without from and to")
    since = since or (until or now) - dt.timedelta(days=int(match[1]))
    if since >= (until or now):
        raise _invalid("from", "must be before to")
    # What ended a moment ago shows, also where another machine's clock is ahead of ours.
    return since, until or FOREVER


def _row(group: str, row: UsageRow) -> dict[str, Any]:
    named: dict[str, Any] = {group: row.key or None}
    if group == "agent":
        named |= {"agent_id": row.id, "agent_name": row.label}
    return named | msgspec.structs.asdict(_total(row))


def _total(row: UsageRow) -> UsageTotal:
    return UsageTotal(
        executions=row.executions,
        compute_units=answers.plain(row.compute_units),
        cost=money.amount(row.cost),
        usage={metric: answers.plain(quantity) for metric, quantity in row.usage.items()},
    )


def _invalid(field: str, problem: str) -> InvalidInputError:
    return InvalidInputError(f"{field} {problem}.", errors=[{"pointer": f"/{field}", "detail": problem}])
