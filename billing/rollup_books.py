"""What must always hold over the sums that pages read: each is what its runs come to, but for those still waiting."""

from typing import Final

from wallets.books import Invariant

SPAN: Final = ("min(at)", "max(at)")
# What a table sums by, what it sums, and the times its runs span.
TABLES: Final = {
    "runday": (
        "customer_id, day, agent_id, model",
        ("runs", "charged"),
        (*SPAN, "min(opened_at)", "max(opened_at)"),
    ),
    "readingday": ("customer_id, day, agent_id, model, metric", ("quantity",), SPAN),
    "agentday": ("agent_id, day", ("runs", "successes", "settled", "charged", "fees"), SPAN),
    "agentreadingday": ("agent_id, day, metric", ("quantity",), SPAN),
    "callerday": ("agent_id, day, customer_id", ("runs", "charged"), SPAN),
    "earningday": ("creator_id, day, agent_id", ("runs", "gross", "platform_fee", "net", "zero_cash"), SPAN),
}
TIMES: Final = ("first_at", "last_at", "first_opened_at", "last_opened_at")
QUERY: Final = """
    WITH runs AS (
        SELECT {keys}, {computed} FROM billing_{table}_rows() x
        WHERE NOT EXISTS (SELECT FROM billing_unrolled u WHERE u.execution_id = x.execution_id)
        GROUP BY {keys}
    ), sums AS (SELECT {keys}, {stored} FROM billing_{table})
    SELECT 'runs' AS said_by, * FROM (TABLE runs EXCEPT TABLE sums) more
    UNION ALL SELECT 'sums', * FROM (TABLE sums EXCEPT TABLE runs) less
"""


def _is_the_sum_of_its_runs(table: str) -> Invariant:
    keys, summed, spans = TABLES[table]
    query = QUERY.format(
        table=table,
        keys=keys,
        computed=", ".join([*(f"sum({name}) AS {name}" for name in summed), *spans]),
        stored=", ".join([*summed, *TIMES[: len(spans)]]),
    )
    return Invariant(
        f"{table} is the sum of its runs", "What pages show by day is what every single run comes to.", query
    )


INVARIANTS: Final = [_is_the_sum_of_its_runs(table) for table in TABLES]
