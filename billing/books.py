"""What must always hold over runs, what they earned and what they used. Numbers in brackets are the catalogue's."""

from typing import Final

from wallets.books import Invariant

INVARIANTS: Final = [
    Invariant(
        "clearing is what is not posted",
        "Every charge reaches its creator and the platform, once.",
        "SELECT l.booked, e.unposted FROM (SELECT coalesce(sum(amount), 0) AS booked FROM wallets_entry"
        " WHERE wallet_id = (SELECT wallets_platform('CREDITS', 'clearing'))) l,"
        " (SELECT coalesce(sum(charged), 0) AS unposted FROM billing_execution WHERE posting_id IS NULL) e"
        " WHERE l.booked <> e.unposted",
    ),
    Invariant(
        "executions charge what their settlement took",
        "The receipt and the ledger say the same.",
        "SELECT e.id, e.charged, x.amount FROM billing_execution e LEFT JOIN wallets_entry x"
        " ON x.transaction_id = e.settlement_id AND x.wallet_id = (SELECT wallets_platform('CREDITS', 'clearing'))"
        " WHERE e.charged <> coalesce(x.amount, 0)",
    ),
    Invariant(
        "settlements have their execution",
        "No charge without a run that explains it.",
        "SELECT t.id, t.source_id FROM wallets_transaction t WHERE t.kind = 'settle' AND NOT EXISTS"
        " (SELECT 1 FROM billing_execution e WHERE e.settlement_id = t.id AND e.public_id = t.source_id)",
    ),
    Invariant(
        "cells make the charge",
        "A split loses no micro and makes none (I17).",
        "SELECT e.id, e.charged, sum((c ->> 2)::bigint) AS cells,"
        " sum((c ->> 2)::bigint) FILTER (WHERE c ->> 1 IS NULL) AS platform FROM billing_execution e"
        " LEFT JOIN LATERAL jsonb_array_elements(e.cells) c ON true GROUP BY e.id"
        " HAVING e.charged <> coalesce(sum((c ->> 2)::bigint), 0)"
        " OR e.platform_amount <> coalesce(sum((c ->> 2)::bigint) FILTER (WHERE c ->> 1 IS NULL), 0)"
        " OR min((c ->> 2)::bigint) < 0",
    ),
    Invariant(
        "cells follow the shares",
        "Each creator's part is within a micro a class of share x class rate (I17, recomputed).",
        "SELECT e.id, c ->> 1 AS creator FROM billing_execution e"
        " CROSS JOIN LATERAL jsonb_array_elements(e.cells) c"
        " JOIN LATERAL (SELECT sum((o ->> 2)::bigint) AS amount FROM jsonb_array_elements(e.cells) o"
        " WHERE o ->> 0 = c ->> 0) class ON true"
        " LEFT JOIN marketplace_splitshare s"
        " ON s.version_id = e.version_id AND s.creator_id = (c ->> 1)::bigint"
        " WHERE c ->> 1 IS NOT NULL"
        " AND (c ->> 2)::numeric > class.amount * (coalesce(s.share_bp, 0) / 10000.0"
        " + coalesce(billing_on_top(s.fixed_cents), 0)::numeric / greatest(e.cost, 1)) + 6",
    ),
    Invariant(
        "earnings are the creators' cells",
        "What a creator sees is what the split gave.",
        "SELECT e.id, e.creator, e.cells, g.earned FROM"
        " (SELECT x.id, (c ->> 1)::bigint AS creator, sum((c ->> 2)::bigint) AS cells FROM billing_execution x"
        " CROSS JOIN LATERAL jsonb_array_elements(x.cells) c WHERE c ->> 1 IS NOT NULL GROUP BY 1, 2"
        " HAVING sum((c ->> 2)::bigint) > 0) e FULL JOIN (SELECT execution_id AS id, creator_id AS creator,"
        " sum(amount) AS earned FROM billing_earning GROUP BY 1, 2) g USING (id, creator)"
        " WHERE e.cells IS DISTINCT FROM g.earned",
    ),
    Invariant(
        "earnings count on the day of settle",
        "A payout's period takes what was settled in it (I26).",
        "SELECT g.id FROM billing_earning g JOIN billing_execution e ON e.id = g.execution_id"
        " WHERE g.day <> (e.closed_at AT TIME ZONE 'UTC')::date OR g.agent_id <> e.agent_id",
    ),
    Invariant(
        "postings never blur days",
        "A batch holds one UTC day's settlements (ledger.md rule 26).",
        "SELECT posting_id FROM billing_execution WHERE posting_id IS NOT NULL GROUP BY posting_id"
        " HAVING count(DISTINCT (closed_at AT TIME ZONE 'UTC')::date) > 1",
    ),
    Invariant(
        "postings take what their executions charged",
        "A batch moves exactly its runs.",
        "SELECT e.posting_id, sum(e.charged) AS charged, -max(x.amount) AS moved FROM billing_execution e"
        " JOIN wallets_entry x ON x.transaction_id = e.posting_id"
        " AND x.wallet_id = (SELECT wallets_platform('CREDITS', 'clearing')) GROUP BY e.posting_id"
        " HAVING sum(e.charged) <> -max(x.amount)",
    ),
    Invariant(
        "open executions lean on open holds",
        "What is promised to a run is kept for it, and only while it runs (I12, I13).",
        "SELECT e.id, e.state, h.state AS hold FROM billing_execution e JOIN wallets_hold h ON h.id = e.hold_id"
        " WHERE (e.state IN ('reserved', 'running')) <> (h.state = 'open')"
        " OR h.source_id <> e.public_id OR h.amount <> e.held",
    ),
    Invariant(
        "executions burned the cash of their grants",
        "Deferred cash leaves with the credits it was paid for.",
        "SELECT e.id, e.cash, coalesce(d.cash, 0) AS drawn FROM billing_execution e"
        " LEFT JOIN (SELECT transaction_id, sum(cash) AS cash FROM wallets_grantdrawdown"
        " WHERE debt_id IS NULL GROUP BY 1) d ON d.transaction_id = e.settlement_id"
        " WHERE e.source <> 'plan_fee' AND e.cash <> coalesce(d.cash, 0)",
    ),
    Invariant(
        "executions know what they burned below zero",
        "What is posted as unbilled is what the debt grew by.",
        "SELECT e.id, e.overage, coalesce(d.cash, 0) AS drawn FROM billing_execution e"
        " LEFT JOIN (SELECT transaction_id, sum(cash) AS cash FROM wallets_grantdrawdown"
        " WHERE debt_id IS NOT NULL GROUP BY 1) d ON d.transaction_id = e.settlement_id"
        " WHERE e.overage <> coalesce(d.cash, 0)",
    ),
    Invariant(
        "unbilled is what open overage carries",
        "Every credit burned below zero is paid by a top-up or billed, once (ledger.md rules 6, 7).",
        "SELECT l.booked, d.carried, e.unposted FROM (SELECT coalesce(sum(amount), 0) AS booked FROM wallets_entry"
        " WHERE wallet_id = (SELECT wallets_platform('USD', 'unbilled'))) l,"
        " (SELECT coalesce(sum(carried), 0) AS carried FROM wallets_walletdebt WHERE kind = 'overage') d,"
        " (SELECT coalesce(sum(overage), 0) AS unposted FROM billing_execution WHERE posting_id IS NULL) e"
        " WHERE -l.booked <> d.carried - e.unposted",
    ),
    Invariant(
        "deferred is the cash of what is not earned",
        "Deferred = cash of unburned credits and of unposted runs (ledger.md rule 1).",
        "SELECT l.booked, g.cash AS grants, e.cash AS unposted FROM (SELECT coalesce(sum(amount), 0) AS booked"
        " FROM wallets_entry WHERE wallet_id = (SELECT wallets_platform('USD', 'deferred'))) l,"
        " (SELECT coalesce(sum(cash_remaining), 0) AS cash FROM wallets_creditgrant) g,"
        " (SELECT coalesce(sum(cash), 0) AS cash FROM billing_execution WHERE posting_id IS NULL) e"
        " WHERE l.booked <> g.cash + e.cash",
    ),
    Invariant(
        "quotas lose what executions used",
        "A run that counts is counted once, in the quota of its own payer (P5).",
        "SELECT e.id, e.quota_used, coalesce(-x.amount, 0) AS taken FROM billing_execution e"
        " LEFT JOIN (SELECT t.source_id, y.wallet_id, y.amount FROM wallets_transaction t JOIN wallets_entry y"
        " ON y.transaction_id = t.id AND y.wallet_seq IS NOT NULL WHERE t.kind = 'quota') x"
        " ON x.source_id = e.public_id"
        " WHERE e.quota_used <> coalesce(-x.amount, 0) OR x.wallet_id <> e.quota_wallet_id",
    ),
    Invariant(
        "uses of quotas have their execution",
        "No quota shrinks without a run that explains it.",
        "SELECT t.id, t.source_id FROM wallets_transaction t WHERE t.kind = 'quota'"
        " AND NOT EXISTS (SELECT 1 FROM billing_execution e WHERE e.public_id = t.source_id AND e.quota_used > 0)",
    ),
    Invariant(
        "open executions lean on open quota holds",
        "What of a quota is promised to a run is kept for it, and only while it runs (I12, I13).",
        "SELECT e.id, e.state, h.state AS hold FROM billing_execution e"
        " JOIN wallets_hold h ON h.id = e.quota_hold_id"
        " WHERE (e.state IN ('reserved', 'running')) <> (h.state = 'open')"
        " OR h.source_id <> e.public_id OR h.amount <> e.quota_held OR h.wallet_id <> e.quota_wallet_id",
    ),
    Invariant(
        "usage events sum to their charge",
        "The breakdown by metric is the bill (F8).",
        "SELECT e.id, e.charged, u.events FROM billing_execution e JOIN (SELECT execution_id, sum(charged) AS events"
        " FROM billing_usageevent GROUP BY 1) u ON u.execution_id = e.id WHERE e.charged <> u.events",
    ),
    Invariant(
        "append-only guards of runs stand",
        "Nobody changes what was earned, used or logged (I4).",
        "SELECT t.name FROM unnest(ARRAY['billing_earning', 'billing_usageevent', 'billing_usageeventkey'])"
        " AS t(name) WHERE NOT EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = t.name::regclass"
        " AND g.tgname = t.name || '_append_only' AND g.tgenabled <> 'D')",
    ),
    Invariant(
        "no execution stays open after its time",
        "Held credits come back within a minute of the deadline (I15).",
        "SELECT id, expires_at FROM billing_execution WHERE state IN ('reserved', 'running')"
        " AND expires_at < %(now)s::timestamptz - interval '60 s'",
        timely=True,
    ),
]
