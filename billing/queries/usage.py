"""What a customer used and paid, by agent, model or day."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db import connection

GROUPS: Final = ("agent", "model", "day")
COMPUTE_UNITS: Final = ("compute_units", "compute_unit")
ROWS_MAX: Final = 2_000

# What a row is grouped by, and how a page names it.
KEYS: Final = {
    "agent": ("a.slug", "a.name", "a.public_id"),
    "model": ("x.model", "x.model", "''"),
    "day": ("(x.occurred_at AT TIME ZONE 'UTC')::date::text", "''", "''"),
}
ORDERS: Final = {"agent": "cost DESC, key", "model": "cost DESC, key", "day": "key"}

RUNS: Final = """
    SELECT {key} AS key, min({label}) AS label, min({id}) AS id, count(*), sum(x.charged)::bigint AS cost
    FROM billing_execution x JOIN marketplace_agent a ON a.id = x.agent_id
    WHERE x.customer_id = %s AND x.occurred_at >= %s AND x.occurred_at < %s
        AND x.state IN ('settled', 'unbilled') AND x.source <> 'plan_fee'
    GROUP BY 1 ORDER BY {order} LIMIT %s
"""
READINGS: Final = """
    SELECT {key} AS key, x.metric, sum(x.quantity)
    FROM billing_usageevent x JOIN marketplace_agent a ON a.id = x.agent_id
    WHERE x.customer_id = %s AND x.occurred_at >= %s AND x.occurred_at < %s
    GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Runs of one agent, model or day."""

    key: str
    label: str
    id: str
    executions: int
    cost: int
    usage: dict[str, Decimal] = field(default_factory=dict)

    @property
    def compute_units(self) -> Decimal:
        """Sum the compute units among the readings."""
        return sum((self.usage.get(name, Decimal(0)) for name in COMPUTE_UNITS), Decimal(0))


def by(*, group: str, customer_id: int, since: dt.datetime, until: dt.datetime) -> list[UsageRow]:
    """Group a customer's settled runs, dearest first; days in their order."""
    key, label, public_id = KEYS[group]
    period: list[Any] = [customer_id, since, until]
    with connection.cursor() as cursor:
        sql = RUNS.format(key=key, label=label, id=public_id, order=ORDERS[group])
        cursor.execute(sql, [*period, ROWS_MAX])
        runs = cursor.fetchall()
        cursor.execute(READINGS.format(key=key), period)
        readings: dict[str, dict[str, Decimal]] = {}
        for row_key, metric, quantity in cursor.fetchall():
            readings.setdefault(row_key, {})[metric] = quantity
    return [
        UsageRow(group_key, name, named_id, executions, cost, readings.get(group_key, {}))
        for group_key, name, named_id, executions, cost in runs
    ]


def total(rows: Sequence[UsageRow]) -> UsageRow:
    """Add rows up."""
    usage: dict[str, Decimal] = {}
    for row in rows:
        for metric, quantity in row.usage.items():
            usage[metric] = usage.get(metric, Decimal(0)) + quantity
    return UsageRow("", "", "", sum(row.executions for row in rows), sum(row.cost for row in rows), usage)
