"""Read the sums of runs by UTC day together with what they lack, in one statement: exact to the microsecond.

Of the days that a period cuts, the runs themselves are read; so are the runs that wait to be added to the sums.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.db import connection

# `found` has the columns asked for, in as many rows as it takes: sum them.
FOUND: Final = """
    WITH cut AS MATERIALIZED (
        SELECT day{bounds} FROM {table} WHERE {owner} = %(owner)s AND day IN (%(first)s, %(last)s)
        GROUP BY day HAVING min(first_at) < %(since)s OR max(last_at) >= %(until)s
    ), found AS (
        SELECT {columns} FROM {table}
        WHERE {owner} = %(owner)s AND day BETWEEN %(first)s AND %(last)s AND day NOT IN (SELECT day FROM cut)
        UNION ALL
        SELECT {run_columns} FROM cut CROSS JOIN LATERAL (
            SELECT * FROM {table}_rows() x
            WHERE x.{owner} = %(owner)s AND x.at >= greatest(%(since)s, cut.day::timestamp AT TIME ZONE 'UTC')
                AND x.at < least(%(until)s, (cut.day + 1)::timestamp AT TIME ZONE 'UTC'){narrow}
        ) r WHERE NOT EXISTS (SELECT FROM billing_unrolled u WHERE u.execution_id = r.execution_id)
        UNION ALL
        SELECT {run_columns} FROM (SELECT DISTINCT execution_id FROM billing_unrolled{waiting}) u
        CROSS JOIN LATERAL (SELECT * FROM {table}_rows() x WHERE x.execution_id = u.execution_id) r
        WHERE r.{owner} = %(owner)s AND r.at >= %(since)s AND r.at < %(until)s
    )
"""
SETTLED: Final = """
    SELECT day, sum(settled)::bigint AS runs, sum(charged)::bigint AS charged FROM (
        SELECT day, settled, charged FROM billing_agentday
        UNION ALL
        SELECT r.day, r.settled, r.charged FROM (SELECT DISTINCT execution_id FROM billing_unrolled) u
        CROSS JOIN LATERAL (SELECT * FROM billing_agentday_rows() x WHERE x.execution_id = u.execution_id) r
    ) found WHERE day >= %(since)s GROUP BY day HAVING sum(settled) > 0 ORDER BY day
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose runs, in `[since, until)`: a customer's, an agent's or a creator's, as the table of sums has it."""

    owner: int
    since: dt.datetime
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class SettledDay:
    """Everybody's settled runs of one UTC day."""

    day: dt.date
    runs: int
    charged: int


@dataclass(frozen=True, slots=True)
class Rollup:
    """A table of sums: whose they are, and what finds an owner's runs of a day by index."""

    table: str
    owner: str
    waiting: str = ""
    bounds: str = ""
    narrow: str = ""


RUNS: Final = Rollup(
    "billing_runday",
    "customer_id",
    waiting=" WHERE customer_id = %(owner)s",
    bounds=", min(first_opened_at) AS opened, max(last_opened_at) AS opened_last",
    narrow=" AND x.opened_at BETWEEN cut.opened AND cut.opened_last",
)
READINGS: Final = Rollup("billing_readingday", "customer_id", waiting=" WHERE customer_id = %(owner)s")
AGENTS: Final = Rollup("billing_agentday", "agent_id", waiting=" WHERE agent_id = %(owner)s")
AGENT_READINGS: Final = Rollup("billing_agentreadingday", "agent_id", waiting=" WHERE agent_id = %(owner)s")
CALLERS: Final = Rollup("billing_callerday", "agent_id", waiting=" WHERE agent_id = %(owner)s")
SPENT: Final = Rollup("billing_callerday", "customer_id", waiting=" WHERE customer_id = %(owner)s")
EARNINGS: Final = Rollup("billing_earningday", "creator_id", narrow=" AND x.day = cut.day")


def read(*, rollup: Rollup, columns: tuple[str, ...], select: str, asked: Asked) -> list[dict[str, Any]]:
    """Run `select` over `found`: these columns of what is asked for, summed in part."""
    found = FOUND.format(
        table=rollup.table,
        owner=rollup.owner,
        waiting=rollup.waiting,
        bounds=rollup.bounds,
        narrow=rollup.narrow,
        columns=", ".join(columns),
        run_columns=", ".join(f"r.{name}" for name in columns),
    )
    days = {"first": _day(asked.since), "last": _day(asked.until)}
    return _rows(found + select, asdict(asked) | days)


def settled_by_day(*, since: dt.date) -> list[SettledDay]:
    """Sum what all runs settled and charged on each day from a date on; days without runs are left out."""
    return [SettledDay(**row) for row in _rows(SETTLED, {"since": since})]


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column.name for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(dt.UTC).date()
