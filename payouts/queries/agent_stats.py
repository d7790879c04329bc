"""How one agent does: its runs, who calls it, what they read and what they bring."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from billing.queries import rollups
from billing.queries.rollups import Asked
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


DAYS: Final = """
    SELECT day, sum(runs)::bigint AS executions, sum(successes)::bigint AS successes,
        sum(charged + fees)::bigint AS gross
    FROM found GROUP BY day HAVING sum(runs) > 0 OR sum(charged + fees) > 0 ORDER BY day
"""
NETS: Final = "SELECT day, sum(net)::bigint AS net FROM found WHERE agent_id = {agent} GROUP BY day"
CALLERS: Final = "SELECT count(DISTINCT customer_id) AS callers FROM found"
USAGE: Final = "SELECT metric, sum(quantity) AS quantity FROM found GROUP BY 1 ORDER BY 1"


def stats(*, agent: Agent, since: dt.datetime, until: dt.datetime) -> Stats:
    """Report an agent's runs that ended in `[since, until)`, and what they brought its creator."""
    asked = Asked(agent.pk, since, until)
    columns = ("day", "runs", "successes", "charged", "fees")
    days = rollups.read(rollup=rollups.AGENTS, columns=columns, select=DAYS, asked=asked)
    executions = sum(row["executions"] for row in days)
    successes = sum(row["successes"] for row in days)
    nets = _nets(agent, since, until)
    series = [Day(row["day"], row["executions"], row["gross"], nets.get(row["day"], 0)) for row in days]
    return Stats(
        agent=agent,
        executions=executions,
        unique_callers=_callers(asked),
        success_rate=round(successes / executions, 4) if executions else None,
        gross=sum(day.gross for day in series),
        net=sum(day.net for day in series),
        usage=_usage(asked),
        series=series,
    )


def _nets(agent: Agent, since: dt.datetime, until: dt.datetime) -> dict[dt.date, int]:
    asked, select = Asked(agent.creator_id, since, until), NETS.format(agent=agent.pk)
    columns = ("day", "agent_id", "net")
    found = rollups.read(rollup=rollups.EARNINGS, columns=columns, select=select, asked=asked)
    return {row["day"]: row["net"] for row in found}


def _callers(asked: Asked) -> int:
    columns = ("customer_id",)
    (row,) = rollups.read(rollup=rollups.CALLERS, columns=columns, select=CALLERS, asked=asked)
    return int(row["callers"])


def _usage(asked: Asked) -> dict[str, str]:
    columns = ("metric", "quantity")
    found = rollups.read(rollup=rollups.AGENT_READINGS, columns=columns, select=USAGE, asked=asked)
    return {row["metric"]: f"{row['quantity'].normalize():f}" for row in found}
