"""What must always hold over purchases, and over what Stripe says of our money."""

from typing import Final

from wallets.books import Invariant

INVARIANTS: Final = [
    Invariant(
        "paid top-ups are credited once",
        "Who paid has its credits, and the cash is behind them (I22, I23).",
        "SELECT t.public_id, e.amount AS credited, g.cash FROM billing_topup t"
        " LEFT JOIN wallets_transaction x ON x.kind = 'topup' AND x.source_type = 'payment_intent'"
        " AND x.source_id = t.payment_intent_id"
        " LEFT JOIN wallets_entry e ON e.transaction_id = x.id AND e.wallet_id = t.wallet_id"
        " LEFT JOIN LATERAL (SELECT sum(cash) AS cash FROM wallets_creditgrant"
        " WHERE source_type = 'payment_intent' AND source_id = t.payment_intent_id) g ON true"
        " WHERE t.payment_intent_id IS NOT NULL AND (e.amount IS DISTINCT FROM t.paid_credits + t.bonus_credits"
        " OR g.cash IS DISTINCT FROM t.amount_cents * 10000)",
    ),
    Invariant(
        "unpaid top-ups are not credited",
        "Nobody has credits for a checkout that was not paid (I22).",
        "SELECT t.public_id, t.status FROM billing_topup t JOIN wallets_transaction x"
        " ON x.kind = 'topup' AND x.description = 'Top-up ' || t.public_id WHERE t.payment_intent_id IS NULL",
    ),
    Invariant(
        "subscription periods are granted once",
        "A period brings its credits when it is paid or free, and no more of them.",
        "SELECT s.public_id, p.number, p.credits, p.granted_at, g.amount FROM billing_subscriptionperiod p"
        " JOIN billing_subscription s ON s.id = p.subscription_id"
        " LEFT JOIN LATERAL (SELECT sum(amount) AS amount FROM wallets_creditgrant WHERE funding_class = 'plan'"
        # Grants were named for their payment once, and are for their period now.
        " AND (source_type = 'payment_intent' AND source_id = p.payment_intent_id"
        " OR source_type = 'subscription_period'"
        " AND source_id IN (s.public_id || ':' || p.number, s.public_id || ':' || p.number || ':rollover'))) g ON true"
        " WHERE coalesce(g.amount, 0) <> CASE WHEN p.granted_at IS NULL THEN 0 ELSE p.credits END",
    ),
    Invariant(
        "moves begin with a period, and not before their notice",
        "Who is moved to another version was told so in time, and has it from a period's start.",
        "SELECT m.id, p.number FROM billing_subscriptionmove m JOIN billing_subscriptionperiod p ON p.id = m.period_id"
        " WHERE p.starts_at < m.told_at + m.notice_days * interval '1 day'"
        " OR p.subscription_id <> m.subscription_id OR p.tier_id <> m.tier_id",
    ),
    Invariant(
        "live subscriptions have their period",
        "A subscription is in the last one of its periods, which follow each other without a gap.",
        "SELECT s.public_id FROM billing_subscription s WHERE s.state IN ('active', 'past_due', 'paused')"
        " AND NOT EXISTS (SELECT 1 FROM billing_subscriptionperiod p WHERE p.subscription_id = s.id"
        " AND p.starts_at = s.current_period_start AND p.ends_at = s.current_period_end"
        " AND p.number = (SELECT max(number) FROM billing_subscriptionperiod WHERE subscription_id = s.id)) UNION"
        " SELECT s.public_id FROM billing_subscription s JOIN billing_subscriptionperiod p ON p.subscription_id = s.id"
        " GROUP BY s.id HAVING count(*) <> max(p.number) + 1",
    ),
    Invariant(
        "periods of a subscription do not overlap",
        "No day of a subscription is in two periods, so none is billed twice.",
        "SELECT s.public_id, a.number, b.number AS next FROM billing_subscriptionperiod a"
        " JOIN billing_subscriptionperiod b ON b.subscription_id = a.subscription_id AND b.number = a.number + 1"
        " JOIN billing_subscription s ON s.id = a.subscription_id WHERE b.starts_at < a.ends_at",
    ),
    Invariant(
        "fees of periods are paid before they are granted",
        "What costs something is granted when its payment is known, never before.",
        "SELECT s.public_id, p.number FROM billing_subscriptionperiod p"
        " JOIN billing_subscription s ON s.id = p.subscription_id"
        " WHERE p.granted_at IS NOT NULL AND p.amount_cents > 0 AND NOT EXISTS (SELECT 1 FROM wallets_transaction x"
        " WHERE x.kind = 'subscription' AND (x.source_type = 'payment_intent' AND x.source_id = p.payment_intent_id"
        " OR x.source_type = 'subscription_period' AND x.source_id = s.public_id || ':' || p.number))",
    ),
    Invariant(
        "fees are what Stripe took",
        "Stripe's fees in the ledger are those of its balance transactions, disputes' in their own account (I33).",
        "SELECT x.account, x.booked, b.taken FROM (SELECT a.account, (SELECT coalesce(-sum(e.amount), 0)"
        " FROM wallets_entry e WHERE e.wallet_id = wallets_platform('USD', a.account)) AS booked"
        " FROM (VALUES ('stripe_fees'), ('dispute_fees')) AS a(account)) x LEFT JOIN (SELECT CASE WHEN category IN"
        " ('dispute', 'dispute_reversal') THEN 'dispute_fees' ELSE 'stripe_fees' END AS account, sum(fee_cents - CASE"
        " WHEN type IN ('stripe_fee', 'stripe_fx_fee', 'tax_fee') THEN amount_cents ELSE 0 END) * 10000"
        " AS taken FROM billing_balancetransaction GROUP BY 1) b USING (account)"
        " WHERE x.booked <> coalesce(b.taken, 0)",
    ),
    Invariant(
        "append-only guards of purchases stand",
        "Nobody rewrites how a purchase came to its state (I4).",
        "SELECT t.name FROM unnest(ARRAY['billing_topupstatechange', 'billing_subscriptionstatechange',"
        " 'billing_subscriptionperiod', 'billing_addedseats', 'billing_trial',"
        " 'billing_subscriptionmove', 'billing_disputestatechange']) AS t(name)"
        " WHERE NOT EXISTS (SELECT 1 FROM pg_trigger g"
        " WHERE g.tgrelid = t.name::regclass AND g.tgname IN (t.name || '_append_only', t.name || '_kept')"
        " AND g.tgenabled <> 'D')",
    ),
    Invariant(
        "suspense is cleared within a day",
        "Money that matches nothing does not stay unexplained (I39).",
        "SELECT split_part(x.source_id, '#', 1) AS cause, sum(e.amount) AS amount, min(x.recorded_at) AS since"
        " FROM wallets_entry e JOIN wallets_transaction x ON x.id = e.transaction_id"
        " WHERE e.wallet_id = (SELECT wallets_platform('USD', 'suspense')) GROUP BY 1 HAVING sum(e.amount) <> 0"
        " AND min(x.recorded_at) < %(now)s::timestamptz - interval '24 hours'",
        timely=True,
    ),
]
