"""What must always hold over runs that were undone: all of the charge came back, from who had it."""

from typing import Final

from wallets.books import Invariant

INVARIANTS: Final = [
    Invariant(
        "undone runs came back whole",
        "Each run that was undone gave back its charge and its part of a quota once; nothing else was.",
        "SELECT e.public_id, t.public_id AS transaction, e.charged, b.credits"
        " FROM (SELECT * FROM billing_execution WHERE undone_at IS NOT NULL) e FULL JOIN (SELECT *"
        " FROM wallets_transaction WHERE kind = 'undo') t ON t.source_id = e.public_id"
        " LEFT JOIN LATERAL (SELECT coalesce(sum(y.amount) FILTER (WHERE w.unit = 'CREDITS'), 0) AS credits,"
        " coalesce(sum(y.amount) FILTER (WHERE w.unit <> 'CREDITS'), 0) AS units FROM wallets_entry y"
        " JOIN wallets_wallet w ON w.id = y.wallet_id AND w.owner_type = 'consumer' WHERE y.transaction_id = t.id) b"
        " ON true WHERE e.id IS NULL OR t.id IS NULL OR b.credits <> e.charged OR b.units <> e.quota_used",
    ),
    Invariant(
        "undone charges are back where they came from",
        "Every grant that paid for an undone run has it again, to the micro, and no debt is left of it.",
        "SELECT e.public_id, d.grant_id, d.debt_id, sum(d.amount) AS off FROM billing_execution e"
        " CROSS JOIN LATERAL (SELECT e.settlement_id AS id UNION SELECT t.id FROM wallets_transaction t"
        " WHERE t.source_id = e.public_id AND (t.kind, t.source_type) IN (('undo', 'execution'), ('quota', 'quota'))) x"
        " JOIN wallets_grantdrawdown d ON d.transaction_id = x.id AND (d.grant_id IS NULL OR d.debt_id IS NULL)"
        " WHERE e.undone_at IS NOT NULL GROUP BY e.id, d.grant_id, d.debt_id HAVING sum(d.amount) <> 0",
    ),
    Invariant(
        "undone earnings are given back",
        "Who earned of an undone run gave it back, or the platform bears it in its place; the platform gave its own.",
        "SELECT e.public_id, g.creator_id, g.amount, p.pulled FROM billing_execution e"
        " JOIN billing_earning g ON g.execution_id = e.id LEFT JOIN (SELECT execution_id, creator_id,"
        " sum(from_pending + from_payable + from_reserve + to_debt + to_loss) AS pulled FROM billing_creatorpull"
        " WHERE cause_type = 'undo' GROUP BY 1, 2) p ON p.execution_id = e.id AND p.creator_id = g.creator_id"
        " WHERE e.undone_at IS NOT NULL AND p.pulled IS DISTINCT FROM g.amount",
    ),
]
