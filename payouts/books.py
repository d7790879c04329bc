"""The invariants of payouts: read with those of wallets and billing by `manage.py check_books`."""

from typing import Final

from payouts import clawed_fee_books
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
        "each written-off credit has one bearer",
        "Arrears that were written off are borne by creators, by the platform's part or its loss, and once (I25).",
        """
        SELECT w.public_id, w.amount, w.pulled, p.pulled AS by_creators, d.written_off FROM payouts_writeoff w
        LEFT JOIN (SELECT cause_id, sum(from_pending + from_payable + from_reserve + to_debt) AS pulled
            FROM billing_creatorpull WHERE cause_type = 'write_off' GROUP BY 1) p ON p.cause_id = w.public_id
        LEFT JOIN (SELECT debt_id, sum(amount) AS amount FROM payouts_writeoff GROUP BY 1) o ON o.debt_id = w.debt_id
        LEFT JOIN wallets_walletdebt d ON d.id = w.debt_id
        LEFT JOIN wallets_entry e ON e.transaction_id = w.transaction_id AND e.wallet_id = d.wallet_id
        WHERE w.pulled <> coalesce(p.pulled, 0) OR d.written_off <> o.amount OR e.amount IS DISTINCT FROM w.amount
        UNION ALL
        SELECT NULL, d.amount, NULL, sum(p.amount), NULL FROM payouts_writeoffpart p
        JOIN wallets_grantdrawdown d ON d.id = p.drawdown_id GROUP BY d.id HAVING sum(p.amount) > d.amount
        """,
    ),
    Invariant(
        "recovered write-offs go to who bore them",
        "What is paid of a write-off after all is passed on once, and no creator has more of it back than it gave.",
        """
        SELECT r.id, r.amount, r.returned, r.own, d.amount AS recovered, e.amount AS booked, p.back
        FROM payouts_writeoffrecovery r
        LEFT JOIN wallets_debtrecovery d ON d.id = r.recovery_id
        LEFT JOIN wallets_entry e ON e.transaction_id = r.transaction_id
            AND e.wallet_id = (SELECT wallets_platform('CREDITS', 'loss'))
        LEFT JOIN (SELECT cause_id, -sum(from_pending + from_payable + from_reserve + to_debt) AS back
            FROM billing_creatorpull WHERE cause_type = 'recovery' GROUP BY 1) p ON p.cause_id = r.recovery_id::text
        WHERE r.amount IS DISTINCT FROM d.amount OR r.returned <> coalesce(p.back, 0)
           OR r.returned + r.own <> -coalesce(e.amount, 0)
        UNION ALL
        SELECT NULL, w.amount, w.pulled, w.own, sum(r.amount), sum(r.own), sum(r.returned) FROM payouts_writeoff w
        JOIN payouts_writeoffrecovery r ON r.write_off_id = w.id GROUP BY w.id
        HAVING sum(r.returned) > w.pulled OR sum(r.own) > w.own OR sum(r.loss) > w.lost
        """,
    ),
    Invariant(
        "no recovery waits",
        "What is paid of a write-off after all reaches those who bore it within minutes.",
        """
        SELECT d.id, d.debt_id, d.amount, d.created_at FROM wallets_debtrecovery d
        WHERE d.created_at < %(now)s - interval '10 minutes'
            AND NOT EXISTS (SELECT FROM payouts_writeoffrecovery r WHERE r.recovery_id = d.id)
        """,
        timely=True,
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
        "The ledger moved from pending to payable and reserve what the days' rows say, for every creator.",
        """
        SELECT coalesce(l.creator_id, m.creator_id) AS creator_id, l.total AS ledger, m.total AS rows_total
        FROM (
            SELECT w.owner_id AS creator_id, sum(e.amount) AS total
            FROM wallets_entry e JOIN wallets_transaction t ON t.id = e.transaction_id AND t.kind = 'maturity'
            JOIN wallets_wallet w ON w.id = e.wallet_id AND w.kind IN ('payable', 'reserve') GROUP BY 1
        ) l FULL JOIN (
            SELECT creator_id, sum(amount - short) AS total FROM payouts_maturedearning GROUP BY 1
        ) m ON m.creator_id = l.creator_id
        WHERE coalesce(l.total, 0) <> coalesce(m.total, 0)
        """,
    ),
    Invariant(
        "days are short of what was taken",
        "What days fell short of when they matured had been taken from what was pending: no more.",
        """
        SELECT m.creator_id, m.short, coalesce(l.taken, 0) AS taken
        FROM (SELECT creator_id, sum(short) AS short FROM payouts_maturedearning GROUP BY 1) m
        LEFT JOIN (
            SELECT w.owner_id AS creator_id, -sum(e.amount) FILTER (WHERE e.amount < 0) AS taken
            FROM wallets_entry e JOIN wallets_transaction t ON t.id = e.transaction_id
            JOIN wallets_wallet w ON w.id = e.wallet_id AND w.owner_type = 'creator' AND w.kind = 'pending'
            WHERE t.kind NOT IN ('posting', 'maturity') GROUP BY 1
        ) l ON l.creator_id = m.creator_id
        WHERE m.short > coalesce(l.taken, 0)
        """,
    ),
    Invariant(
        "reserve = its holds",
        "A creator's reserve is what is held and not let go, less what refunds and disputes took of it.",
        """
        SELECT h.creator_id, w.balance, h.held, h.borne, coalesce(l.moved, 0) AS moved
        FROM (
            SELECT creator_id, coalesce(sum(amount) FILTER (WHERE released_at IS NULL), 0) AS held,
                coalesce(sum(amount - released) FILTER (WHERE released_at IS NOT NULL), 0) AS borne
            FROM payouts_reservehold GROUP BY 1
        ) h FULL JOIN (
            SELECT * FROM wallets_wallet WHERE owner_type = 'creator' AND kind = 'reserve'
        ) w ON w.owner_id = h.creator_id
        LEFT JOIN (
            SELECT e.wallet_id, sum(e.amount) AS moved, -sum(e.amount) FILTER (WHERE e.amount < 0) AS taken
            FROM wallets_entry e JOIN wallets_transaction t ON t.id = e.transaction_id
            WHERE t.kind NOT IN ('maturity', 'reserve_release', 'dispute_release') AND e.wallet_seq IS NOT NULL
            GROUP BY 1
        ) l ON l.wallet_id = w.id
        WHERE coalesce(w.balance, 0) <> coalesce(h.held, 0) + coalesce(l.moved, 0) + coalesce(h.borne, 0)
           OR coalesce(h.borne, 0) > coalesce(l.taken, 0)
        """,
    ),
    Invariant(
        "disputed earnings wait",
        "What creators earned of disputed credits becomes payable when nobody can take it any more; of a day no more"
        " is held back than matured.",
        """
        SELECT h.creator_id, h.day, h.amount, h.released, d.stripe_id, d.state FROM payouts_reservehold h
        JOIN billing_dispute d ON d.id = h.dispute_id
        WHERE h.released_at IS NOT NULL AND d.state = 'open'
        UNION ALL
        SELECT h.creator_id, h.day, h.held, m.there, NULL, NULL
        FROM (SELECT creator_id, day, sum(amount) AS held FROM payouts_reservehold GROUP BY 1, 2) h
        LEFT JOIN (
            SELECT creator_id, day, sum(amount - short) AS there FROM payouts_maturedearning GROUP BY 1, 2
        ) m ON m.creator_id = h.creator_id AND m.day = h.day
        WHERE h.held > coalesce(m.there, 0)
        """,
    ),
    Invariant(
        "statement = its payout",
        "A sealed statement's lines add up to what is paid, and they are the payout's.",
        """
        SELECT p.public_id, p.amount, s.body->>'net' AS net
        FROM payouts_statement s JOIN payouts_payout p ON p.id = s.payout_id
        WHERE (s.body->>'net')::bigint <> p.amount OR s.body->>'payout' <> p.public_id
           OR (SELECT sum((l->>'amount')::bigint) FROM jsonb_array_elements(s.body->'lines') l) <> p.amount
           OR (SELECT array_agg((l->>'amount')::bigint ORDER BY (l->>'amount')::bigint)
               FROM jsonb_array_elements(s.body->'lines') l)
              IS DISTINCT FROM
              (SELECT array_agg(i.amount ORDER BY i.amount) FROM payouts_payoutitem i WHERE i.payout_id = p.id)
        """,
    ),
    Invariant(
        "statements are a chain",
        "A creator's statements are numbered without a gap, each sealed with the hash of the one before.",
        """
        SELECT creator_id, number FROM (
            SELECT creator_id, number, previous, row_number() OVER w AS n,
                lag(hash, 1, repeat('0', 64)::varchar) OVER w AS before
            FROM payouts_statement WINDOW w AS (PARTITION BY creator_id ORDER BY number)
        ) s WHERE number <> n OR previous <> before
        """,
    ),
    Invariant(
        "every payout has its statement",
        "Since statements are sealed, no payout is put together without one.",
        """
        SELECT p.public_id FROM payouts_payout p
        WHERE NOT EXISTS (SELECT FROM payouts_statement s WHERE s.payout_id = p.id)
          AND p.id > (SELECT min(payout_id) FROM payouts_statement)
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
        "Drafts and approved payouts promise no more than is payable, or was until a refund or dispute took of it.",
        """
        SELECT w.owner_id, w.balance, sum(p.amount) AS promised
        FROM payouts_payout p JOIN wallets_wallet w
            ON w.owner_type = 'creator' AND w.owner_id = p.creator_id AND w.kind = 'payable'
        LEFT JOIN payouts_statement s ON s.payout_id = p.id
        WHERE p.state IN ('draft', 'approved') GROUP BY w.id
        HAVING sum(p.amount) > w.balance - coalesce((
            SELECT sum(e.amount) FROM wallets_entry e
            WHERE e.wallet_id = w.id AND e.wallet_seq > min(s.closing_seq)
              AND e.transaction_id IN (SELECT transaction_id FROM billing_creatorpull)
        ), 0)
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
            AND e.wallet_id = (SELECT CASE WHEN c.account <> '' THEN wallets_platform('USD', c.account) END)
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

books.register((*INVARIANTS, *clawed_fee_books.INVARIANTS))
