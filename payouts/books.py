"""The invariants of payouts: read with those of wallets and billing by `manage.py check_books`."""

from typing import Final

from wallets import books
from wallets.books import Invariant

INVARIANTS: Final = (
    Invariant(
        "payout = its items",
        "A payout's lines add up to what is paid, to the micro.",
        """
        SELECT p.public_id, p.amount, coalesce(sum(i.amount), 0) AS items
        FROM payouts_payout p LEFT JOIN payouts_payoutitem i ON i.payout_id = p.id
        GROUP BY p.id HAVING coalesce(sum(i.amount), 0) <> p.amount
        """,
    ),
    Invariant(
        "payout = whole cents",
        "What is debited in credits is worth exactly the cents that are transferred.",
        """
        SELECT p.public_id, p.amount, p.amount_cents FROM payouts_payout p
        WHERE wallets_usd(p.amount) <> p.amount_cents * 10000
        """,
    ),
    Invariant(
        "items are live with their payout",
        "A dead payout gives its earnings back, a live one keeps them.",
        """
        SELECT p.public_id, p.state, i.id AS item
        FROM payouts_payout p JOIN payouts_payoutitem i ON i.payout_id = p.id
        WHERE i.live <> (p.state NOT IN ('reversed', 'cancelled'))
        """,
    ),
    Invariant(
        "earnings mature whole",
        "What became payable for a creator's day is what its runs earned that day.",
        """
        SELECT m.creator_id, m.day, m.total AS matured, e.total AS earned
        FROM (SELECT creator_id, day, sum(amount) AS total FROM payouts_maturedearning GROUP BY 1, 2) m
        LEFT JOIN (SELECT creator_id, day, sum(amount) AS total FROM billing_earning GROUP BY 1, 2) e
            ON e.creator_id = m.creator_id AND e.day = m.day
        WHERE e.total IS DISTINCT FROM m.total
        """,
    ),
    Invariant(
        "maturity = its rows",
        "The ledger moved from pending to payable what the days' rows say, for every creator.",
        """
        SELECT coalesce(l.creator_id, m.creator_id) AS creator_id, l.total AS ledger, m.total AS rows_total
        FROM (
            SELECT w.owner_id AS creator_id, sum(e.amount) AS total
            FROM wallets_entry e JOIN wallets_transaction t ON t.id = e.transaction_id AND t.kind = 'maturity'
            JOIN wallets_wallet w ON w.id = e.wallet_id AND w.kind = 'payable' GROUP BY 1
        ) l FULL JOIN (
            SELECT creator_id, sum(amount) AS total FROM payouts_maturedearning GROUP BY 1
        ) m ON m.creator_id = l.creator_id
        WHERE l.total IS DISTINCT FROM m.total
        """,
    ),
    Invariant(
        "in transit = payouts in flight",
        "Money is in transit exactly while a transfer is being sent or its outcome is unknown.",
        """
        SELECT l.total AS ledger, p.total AS payouts
        FROM (SELECT coalesce(sum(amount), 0) AS total FROM wallets_entry
              WHERE wallet_id = (SELECT wallets_platform('USD', 'in_transit'))) l,
             (SELECT coalesce(sum(amount_cents), 0) * 10000 AS total FROM payouts_payout
              WHERE state IN ('sending', 'unknown')) p
        WHERE l.total <> p.total
        """,
    ),
    Invariant(
        "redeemed = payouts not taken back",
        "Credits are redeemed for what is in flight or transferred, less what was reversed.",
        """
        SELECT l.total AS ledger, p.total AS payouts
        FROM (SELECT coalesce(sum(amount), 0) AS total FROM wallets_entry
              WHERE wallet_id = (SELECT wallets_platform('CREDITS', 'redeemed'))) l,
             (SELECT coalesce(sum(amount - amount / amount_cents * reversed_cents), 0) AS total
              FROM payouts_payout
              WHERE state IN ('sending', 'unknown', 'sent', 'paid', 'reversed')) p
        WHERE l.total <> p.total
        """,
    ),
    Invariant(
        "one transfer a payout",
        "A payout that was sent has one successful attempt, and its transfer is booked once, in its amount.",
        """
        SELECT p.public_id, p.state, p.stripe_transfer_id, a.stripe_transfer_id AS attempt, e.amount
        FROM payouts_payout p
        LEFT JOIN payouts_payoutattempt a ON a.payout_id = p.id AND a.outcome = 'succeeded'
        LEFT JOIN wallets_transaction t ON t.kind = 'transfer' AND t.source_id = p.stripe_transfer_id
        LEFT JOIN wallets_entry e
            ON e.transaction_id = t.id AND e.wallet_id = (SELECT wallets_platform('USD', 'stripe_cash'))
        WHERE p.stripe_transfer_id IS DISTINCT FROM a.stripe_transfer_id
           OR (p.stripe_transfer_id IS NOT NULL AND e.amount IS DISTINCT FROM p.amount_cents * 10000)
        """,
    ),
    Invariant(
        "payout in flight = unresolved attempt",
        "While a payout is sending or unknown, one attempt waits for its outcome; otherwise none does.",
        """
        SELECT p.public_id, p.state, count(a.id) AS unresolved
        FROM payouts_payout p LEFT JOIN payouts_payoutattempt a
            ON a.payout_id = p.id AND a.outcome IN ('open', 'unknown')
        GROUP BY p.id HAVING (count(a.id) = 1) <> (p.state IN ('sending', 'unknown'))
        """,
    ),
    Invariant(
        "payout attempts asked one thing",
        "The frozen request of an attempt asks for the payout's own amount under its own group and key.",
        """
        SELECT a.idempotency_key, a.request
        FROM payouts_payoutattempt a JOIN payouts_payout p ON p.id = a.payout_id
        WHERE (a.request->>'amount')::bigint <> p.amount_cents
           OR a.request->>'transfer_group' <> p.public_id
           OR a.idempotency_key <> 'payout:' || p.public_id || ':' || a.number
        """,
    ),
    Invariant(
        "payable covers promises",
        "Drafts and approved payouts promise no more than is payable.",
        """
        SELECT w.owner_id, w.balance, sum(p.amount) AS promised
        FROM payouts_payout p JOIN wallets_wallet w
            ON w.owner_type = 'creator' AND w.owner_id = p.creator_id AND w.kind = 'payable'
        WHERE p.state IN ('draft', 'approved') GROUP BY w.id HAVING sum(p.amount) > w.balance
        """,
    ),
    Invariant(
        "payout history is whole",
        "The last row of a payout's history names the state it is in.",
        """
        SELECT p.public_id, p.state, (
            SELECT c.new FROM payouts_payoutstatechange c WHERE c.payout_id = p.id ORDER BY c.id DESC LIMIT 1
        ) AS last
        FROM payouts_payout p WHERE p.state IS DISTINCT FROM (
            SELECT c.new FROM payouts_payoutstatechange c WHERE c.payout_id = p.id ORDER BY c.id DESC LIMIT 1
        )
        """,
    ),
    Invariant(
        "corrections are by two, and posted as asked",
        "A difference is mended by a transaction that one person asked for and another decided (I36).",
        """
        SELECT c.public_id, c.amount, e.amount AS posted FROM payouts_correction c
        LEFT JOIN wallets_transaction t ON t.id = c.transaction_id
        LEFT JOIN wallets_entry e ON e.transaction_id = t.id
            AND e.wallet_id = (SELECT wallets_platform('USD', c.account))
        WHERE c.state = 'applied' AND (c.decided_by_id IS NULL OR c.decided_by_id = c.requested_by_id
            OR (c.account <> '' AND (e.amount IS DISTINCT FROM c.amount
                OR t.kind NOT IN ('correction', 'rebooking'))))
        """,
    ),
    Invariant(
        "corrections have their request",
        "Nobody corrects the books past the two people (I36).",
        """
        SELECT t.public_id, t.kind, t.source_id FROM wallets_transaction t
        WHERE t.kind IN ('correction', 'rebooking')
            AND NOT EXISTS (SELECT 1 FROM payouts_correction c WHERE c.transaction_id = t.id)
        """,
    ),
    Invariant(
        "withdrawals are what was free, once",
        "What left for our bank is what was asked for, and was nobody else's (ledger.md section 4).",
        """
        SELECT w.public_id, w.amount_cents, w.coverage, -b.amount_cents AS left_stripe FROM payouts_withdrawal w
        LEFT JOIN billing_balancetransaction b ON b.type = 'payout' AND b.source_id = w.stripe_payout_id
        WHERE w.coverage < w.amount_cents * 10000 OR (b.id IS NOT NULL AND b.amount_cents <> -w.amount_cents)
        """,
    ),
    Invariant(
        "no payout hangs",
        "An attempt without an outcome is looked up within minutes of its start.",
        """
        SELECT a.idempotency_key, a.started_at, a.called_at FROM payouts_payoutattempt a
        WHERE a.outcome = 'open' AND a.started_at < %(now)s - interval '10 minutes'
        """,
        timely=True,
    ),
)

books.register(INVARIANTS)
