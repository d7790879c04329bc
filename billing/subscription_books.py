"""What must always hold over seats that were added, plans that were left early, and trials."""

from typing import Final

from wallets.books import Invariant

INVARIANTS: Final = [
    Invariant(
        "added seats are granted once",
        "Seats added within a period bring their part of it when they are paid or free, and no more.",
        "SELECT n.cause, a.granted_at, g.credits, g.units FROM billing_addedseats a"
        " JOIN billing_subscriptionperiod p ON p.id = a.period_id JOIN billing_subscription s"
        " ON s.id = p.subscription_id CROSS JOIN LATERAL (SELECT s.public_id || ':' || p.number || ':seats:'"
        " || a.number AS cause) n LEFT JOIN LATERAL ("
        " SELECT coalesce(sum(c.amount) FILTER (WHERE w.unit = 'CREDITS'), 0) AS credits,"
        " coalesce(sum(c.amount) FILTER (WHERE w.unit <> 'CREDITS'), 0) AS units FROM wallets_creditgrant c"
        " JOIN wallets_wallet w ON w.id = c.wallet_id WHERE c.source_type = 'subscription_period'"
        " AND c.source_id = wallets_cause(n.cause, w.unit)) g ON true"
        # What only events count is included too, and fills no quota.
        " LEFT JOIN LATERAL (SELECT coalesce(sum(i.value::bigint), 0) AS units FROM jsonb_each_text(a.included) i"
        " JOIN marketplace_feature f ON f.metric = i.key AND f.quota_unit <> '') q ON true"
        " WHERE g.credits <> CASE WHEN a.granted_at IS NULL THEN 0 ELSE a.credits END"
        " OR g.units <> CASE WHEN a.granted_at IS NULL THEN 0 ELSE q.units END",
    ),
    Invariant(
        "added seats are paid before they are granted",
        "Seats that cost something come when their payment is known, never before.",
        "SELECT s.public_id, p.number, a.number AS added FROM billing_addedseats a"
        " JOIN billing_subscriptionperiod p ON p.id = a.period_id JOIN billing_subscription s"
        " ON s.id = p.subscription_id WHERE a.granted_at IS NOT NULL AND a.amount_cents > 0"
        " AND NOT EXISTS (SELECT 1 FROM wallets_transaction x WHERE x.kind = 'subscription'"
        " AND x.source_type = 'subscription_period'"
        " AND x.source_id = s.public_id || ':' || p.number || ':seats:' || a.number)",
    ),
    Invariant(
        "what is withdrawn is voided",
        "Units that were given back as money are gone from the grants of their period.",
        "SELECT t.source_id, e.wallet_id, e.amount, g.voided FROM wallets_transaction t JOIN wallets_entry e"
        " ON e.transaction_id = t.id AND e.wallet_seq IS NOT NULL LEFT JOIN LATERAL (SELECT sum(c.voided) AS voided"
        " FROM wallets_creditgrant c WHERE c.wallet_id = e.wallet_id AND c.source_type = t.source_type"
        " AND split_part(c.source_id, ':', 1) = split_part(t.source_id, ':', 1)"
        " AND split_part(c.source_id, ':', 2) = split_part(t.source_id, ':', 2)) g ON true"
        " WHERE t.kind = 'withdrawal' AND (e.amount >= 0 OR -e.amount > coalesce(g.voided, 0))",
    ),
    Invariant(
        "money is given back for what was withdrawn",
        "Nobody has both the money and the units: of each wallet at least that part of the fee was taken (P6).",
        "SELECT b.ref, b.cents, b.fee_cents, c.wallet_id, c.granted, -e.amount AS taken FROM ("
        " SELECT s.public_id || ':' || p.number AS ref, -sum(l.amount_cents) AS cents, max(p.amount_cents + ("
        " SELECT coalesce(sum(a.amount_cents), 0) FROM billing_addedseats a WHERE a.period_id = p.id"
        " AND a.granted_at IS NOT NULL)) AS fee_cents FROM billing_subscriptionperiod p"
        " JOIN billing_subscription s ON s.id = p.subscription_id JOIN billing_invoiceline l"
        " ON l.subscription_id = s.id AND l.kind = 'proration'"
        " AND l.source LIKE 'proration:' || s.public_id || ':' || p.number || ':unused%%' GROUP BY 1) b"
        " JOIN (SELECT wallet_id, split_part(source_id, ':', 1) || ':' || split_part(source_id, ':', 2) AS ref,"
        " sum(amount) AS granted FROM wallets_creditgrant WHERE source_type = 'subscription_period' GROUP BY 1, 2) c"
        " ON c.ref = b.ref JOIN wallets_wallet w ON w.id = c.wallet_id LEFT JOIN wallets_transaction t"
        " ON t.kind = 'withdrawal' AND t.source_type = 'subscription_period'"
        " AND t.source_id = wallets_cause(b.ref, w.unit)"
        " LEFT JOIN wallets_entry e ON e.transaction_id = t.id AND e.wallet_id = c.wallet_id"
        # Half a cent is the most that rounding adds.
        " WHERE (b.cents - 0.5) * c.granted > b.fee_cents * coalesce(-e.amount, 0)",
    ),
    Invariant(
        "trials are written down and cost nothing",
        "Who tries a plan has a first period of it that is free, and is known to have tried it.",
        "SELECT s.public_id, t.id AS trial, p.amount_cents FROM billing_trial t JOIN billing_subscription s"
        " ON s.id = t.subscription_id LEFT JOIN billing_subscriptionperiod p ON p.subscription_id = s.id"
        " AND p.number = 0 WHERE t.customer_id <> s.customer_id OR p.amount_cents IS DISTINCT FROM 0"
        " OR p.starts_at <> t.started_at OR p.ends_at > t.ends_at UNION ALL"
        " SELECT s.public_id, NULL, s.amount_cents FROM billing_subscription s WHERE s.started_at IS NOT NULL"
        " AND s.trial_end IS NOT NULL AND NOT EXISTS (SELECT 1 FROM billing_trial t WHERE t.subscription_id = s.id"
        " AND t.ends_at = s.trial_end)",
    ),
]
