"""What must always hold over disputes, and over all that was given back of a payment."""

from typing import Final

from wallets.books import Invariant

INVARIANTS: Final = [
    Invariant(
        "disputed dollars are those of open disputes",
        "What banks hold while they decide is an asset; what they have decided is not.",
        "SELECT l.booked, d.withdrawn FROM (SELECT coalesce(-sum(amount), 0) AS booked FROM wallets_entry"
        " WHERE wallet_id = (SELECT wallets_platform('USD', 'disputes'))) l,"
        " (SELECT coalesce(sum(withdrawn_cents), 0) * 10000 AS withdrawn FROM billing_dispute WHERE state = 'open') d"
        " WHERE l.booked <> d.withdrawn",
    ),
    Invariant(
        "credits are frozen by open disputes",
        "What is set aside belongs to a dispute that is still open, in the amount it says.",
        "SELECT coalesce(d.stripe_id, f.source_id) AS dispute, d.state, d.frozen, f.amount FROM"
        " (SELECT * FROM billing_dispute WHERE state = 'open') d FULL JOIN (SELECT source_id, sum(amount) AS amount"
        " FROM wallets_frozenlot WHERE thawed_at IS NULL AND source_type = 'dispute' GROUP BY 1) f"
        " ON f.source_id = d.stripe_id WHERE coalesce(d.frozen, 0) <> coalesce(f.amount, 0)"
        " OR (d.id IS NULL AND f.amount IS NOT NULL)",
    ),
    Invariant(
        "each step of a dispute is booked once",
        "Opened, won and lost each moved money once, and only where it was.",
        "SELECT d.stripe_id, d.state, t.opened, t.won, t.lost FROM billing_dispute d CROSS JOIN LATERAL (SELECT"
        " count(*) FILTER (WHERE kind = 'dispute_opened') AS opened, count(*) FILTER (WHERE kind = 'dispute_won') AS"
        " won, count(*) FILTER (WHERE kind = 'dispute_lost') AS lost FROM wallets_transaction"
        " WHERE source_type = 'dispute' AND source_id = d.stripe_id) t"
        " WHERE t.opened <> (d.opened_at IS NOT NULL)::int"
        " OR t.won <> (d.opened_at IS NOT NULL AND d.state = 'won')::int"
        " OR t.lost <> (d.opened_at IS NOT NULL AND d.state = 'lost')::int"
        " OR (t.lost = 1) <> (d.claw_id IS NOT NULL)",
    ),
    Invariant(
        "no more is given back than was paid",
        "Refunds, lost disputes and what banks hold come to no more than the payment (I24).",
        "SELECT p.intent, p.paid, coalesce(c.usd, 0) AS given_back, coalesce(d.held, 0) AS held FROM"
        " (SELECT payment_intent_id AS intent, amount_cents * 10000 AS paid FROM billing_topup UNION ALL"
        " SELECT payment_intent_id, amount_cents * 10000 FROM billing_subscription UNION ALL"
        " SELECT payment_intent_id, amount_cents * 10000 FROM billing_invoicepayment) p"
        " LEFT JOIN (SELECT purchase, sum(usd) AS usd FROM wallets_claw GROUP BY 1) c ON c.purchase = p.intent"
        " LEFT JOIN (SELECT payment_intent_id, sum(withdrawn_cents) * 10000 AS held FROM billing_dispute"
        " WHERE state = 'open' GROUP BY 1) d ON d.payment_intent_id = p.intent"
        " WHERE p.intent IS NOT NULL AND coalesce(c.usd, 0) + coalesce(d.held, 0) > p.paid",
    ),
]
