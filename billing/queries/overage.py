"""What a wallet is below zero for, by agent and model: so that its bill says who used it."""

from dataclasses import dataclass
from typing import Final

from django.db import connection

# The newest burns are what is owed: payments and bills took the older ones first.
BURNED: Final = """
    WITH burned AS (
        SELECT e.id, e.agent_id, d.amount, sum(d.amount) OVER (ORDER BY d.id DESC) AS upto
        FROM wallets_walletdebt w
        JOIN wallets_grantdrawdown d ON d.debt_id = w.id AND d.grant_id IS NULL
        JOIN billing_execution e ON e.settlement_id = d.transaction_id AND e.undone_at IS NULL
        WHERE w.wallet_id = %(wallet)s AND w.kind = 'overage' AND w.remaining > 0
    )
    SELECT b.agent_id, u.model, sum(least(b.amount, %(owed)s - (b.upto - b.amount)))::bigint
    FROM burned b JOIN marketplace_agent a ON a.id = b.agent_id
    CROSS JOIN LATERAL (
        SELECT coalesce(max(model), '') AS model FROM billing_usageevent WHERE execution_id = b.id
    ) u
    WHERE b.upto - b.amount < %(owed)s GROUP BY b.agent_id, a.name, u.model ORDER BY a.name, u.model
"""


@dataclass(frozen=True, slots=True)
class Burned:
    """So much of what is owed was burned by one agent with one model."""

    agent_id: int | None
    model: str
    amount: int


def burned(*, wallet_id: int, owed: int) -> list[Burned]:
    """Tell who burned what a wallet owes, by the agents' names; nobody in particular where no run is known."""
    with connection.cursor() as cursor:
        cursor.execute(BURNED, {"wallet": wallet_id, "owed": owed})
        found = [Burned(*row) for row in cursor.fetchall()]
    return found or [Burned(None, "", owed)]
