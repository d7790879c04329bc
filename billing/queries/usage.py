"""What a customer used and paid, by agent, model or day."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from billing.queries import rollups
from billing.queries.rollups import Asked

GROUPS: Final = ("agent", "model", "day")
COMPUTE_UNITS: Final = ("compute_units", "compute_unit")
ROWS_MAX: Final = 2_000

# What a row is grouped by, and how a page names it.
KEYS: Final = {
    "agent": ("a.slug", "a.name", "a.public_id"),
    "model": ("x.model", "x.model", "''"),
    "day": ("x.day::text", "''", "''"),
}
ORDERS: Final = {"agent": "cost DESC, key", "model": "cost DESC, key", "day": "key"}

RUNS: Final = """
    SELECT {key} AS key, min({label}) AS label, min({id}) AS id, sum(x.runs)::bigint AS executions,
        sum(x.charged)::bigint AS cost
    FROM found x JOIN marketplace_agent a ON a.id = x.agent_id
    GROUP BY 1 ORDER BY {order} LIMIT {limit}
"""
READINGS: Final = """
    SELECT {key} AS key, x.metric, sum(x.quantity) AS quantity
    FROM found x JOIN marketplace_agent a ON a.id = x.agent_id
    GROUP BY 1, 2 ORDER BY 1, 2
"""
BY: Final = ("agent_id", "model", "day")


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
    asked = Asked(customer_id, since, until)
    sql = RUNS.format(key=key, label=label, id=public_id, order=ORDERS[group], limit=ROWS_MAX)
    runs = rollups.read(rollup=rollups.RUNS, columns=(*BY, "runs", "charged"), select=sql, asked=asked)
    readings: dict[str, dict[str, Decimal]] = {}
    sql = READINGS.format(key=key)
    columns = (*BY, "metric", "quantity")
    for row in rollups.read(rollup=rollups.READINGS, columns=columns, select=sql, asked=asked):
        readings.setdefault(row["key"], {})[row["metric"]] = row["quantity"]
    return [UsageRow(**row, usage=readings.get(row["key"], {})) for row in runs]


def total(rows: Sequence[UsageRow]) -> UsageRow:
    """Add rows up."""
    usage: dict[str, Decimal] = {}
    for row in rows:
        for metric, quantity in row.usage.items():
            usage[metric] = usage.get(metric, Decimal(0)) + quantity
    return UsageRow("", "", "", sum(row.executions for row in rows), sum(row.cost for row in rows), usage)
