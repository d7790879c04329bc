"""What must always hold over refunds: what Stripe gave back, what left the wallets, and who bore it."""

from typing import Final

from wallets.books import Invariant

INVARIANTS: Final = [
    Invariant(
        "a refund's cash is what Stripe gave back",
        "Each refund is booked once, in its own amount, with the credits that go with it (I24).",
        "SELECT r.public_id, r.state, r.amount_cents, c.usd, e.amount AS booked FROM billing_refund r"
        " LEFT JOIN wallets_claw c ON c.id = r.claw_id"
        " LEFT JOIN wallets_transaction x ON x.id = c.transaction_id AND x.kind = 'refund'"
        " AND x.source_type = 'refund' AND x.source_id = r.stripe_refund_id"
        " LEFT JOIN wallets_entry e ON e.transaction_id = x.id"
        " AND e.wallet_id = (SELECT wallets_platform('USD', 'stripe_cash'))"
        " WHERE r.claw_id IS NOT NULL AND (e.amount IS DISTINCT FROM r.amount_cents * 10000"
        " OR c.usd <> r.amount_cents * 10000 OR c.purchase <> r.payment_intent_id)"
        " OR r.state = 'refunded' AND r.claw_id IS NULL",
    ),
    Invariant(
        "refunds are of their rows",
        "Nothing is booked as a refund that no refund of ours stands for, and one that came back is undone (I24).",
        "SELECT x.public_id, x.source_id FROM wallets_transaction x LEFT JOIN billing_refund r"
        " ON r.stripe_refund_id = x.source_id WHERE x.source_type = 'refund'"
        " AND (r.id IS NULL OR r.claw_id IS NULL) UNION"
        " SELECT r.public_id, r.state FROM billing_refund r JOIN wallets_claw c ON c.id = r.claw_id"
        " LEFT JOIN wallets_claw u ON u.undoes_id = c.id WHERE (r.state = 'failed') <> (u.id IS NOT NULL)",
    ),
    Invariant(
        "a top-up is refunded when all of it was given back",
        "Its state says so exactly then (I24); that no more than all goes back is the disputes' invariant.",
        "SELECT c.purchase, sum(c.usd) AS given, t.amount_cents FROM wallets_claw c"
        " JOIN billing_topup t ON t.payment_intent_id = c.purchase"
        " GROUP BY c.purchase, t.id HAVING (t.status = 'refunded') <> (sum(c.usd) >= t.amount_cents * 10000)",
    ),
    Invariant(
        "arrears are receivable",
        "What customers owe for money they were given back stands among the receivables, beside the invoices.",
        "SELECT r.booked, d.carried FROM (SELECT coalesce(sum(e.amount), 0) AS booked FROM wallets_entry e"
        " JOIN wallets_transaction t ON t.id = e.transaction_id"
        " AND t.source_type NOT IN ('invoice', 'invoice_line', 'credit_note', 'subscription_period')"
        " WHERE e.wallet_id = (SELECT wallets_platform('USD', 'receivable'))) r, (SELECT coalesce(sum(carried), 0)"
        " AS carried FROM wallets_walletdebt WHERE kind = 'arrears') d WHERE r.booked <> -d.carried",
    ),
    Invariant(
        "open refunds keep their credits",
        "What is on its way back cannot be spent: its hold is open as long as it is, and no longer.",
        "SELECT r.public_id, r.state, h.state AS hold FROM billing_refund r JOIN wallets_hold h ON h.id = r.hold_id"
        " WHERE (r.state IN ('requested', 'sending', 'unknown')) <> (h.state = 'open')",
    ),
    Invariant(
        "refund history is whole",
        "The last row of a refund's history names the state it is in; none but the first state needs no row.",
        "SELECT r.public_id, r.state, h.to_state FROM billing_refund r LEFT JOIN LATERAL (SELECT c.to_state"
        " FROM billing_refundstatechange c WHERE c.refund_id = r.id ORDER BY c.id DESC LIMIT 1) h ON true"
        " WHERE coalesce(h.to_state, 'requested') <> r.state",
    ),
    Invariant(
        "pulls are of their transactions",
        "What a creator gives back is what its wallets lost, from where its row says (I25).",
        "SELECT p.transaction_id, p.creator_id, w.kind, p.pulled, e.amount FROM (SELECT transaction_id, creator_id,"
        " kind, sum(pulled) AS pulled FROM (SELECT transaction_id, creator_id, unnest(ARRAY['pending', 'payable',"
        " 'reserve', 'debt']) AS kind, unnest(ARRAY[from_pending, from_payable, from_reserve, to_debt]) AS pulled"
        " FROM billing_creatorpull) x GROUP BY 1, 2, 3) p LEFT JOIN wallets_wallet w ON w.owner_type = 'creator'"
        " AND w.owner_id = p.creator_id AND w.kind = p.kind LEFT JOIN wallets_entry e"
        " ON e.transaction_id = p.transaction_id AND e.wallet_id = w.id WHERE p.pulled <> -coalesce(e.amount, 0)",
    ),
    Invariant(
        "append-only guards of refunds stand",
        "Nobody rewrites how a refund came to its state, or what a creator gave back (I4).",
        "SELECT t.name FROM unnest(ARRAY['billing_refundstatechange', 'billing_creatorpull']) AS t(name)"
        " WHERE NOT EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = t.name::regclass"
        " AND g.tgname = t.name || '_append_only' AND g.tgenabled <> 'D')",
    ),
    Invariant(
        "no refund hangs",
        "A refund that nobody answered for is looked up within minutes.",
        "SELECT public_id, state, called_at FROM billing_refund WHERE state IN ('requested', 'sending')"
        " AND coalesce(called_at, created_at) < %(now)s::timestamptz - interval '10 minutes'",
        timely=True,
    ),
]
