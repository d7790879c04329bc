"""What must always hold in the ledger itself. Numbers in brackets are those of the reliability catalogue."""

from typing import Final

from wallets.books import Invariant

APPEND_ONLY_TABLES: Final = (
    "wallets_transaction",
    "wallets_entry",
    "wallets_grantdrawdown",
    "wallets_claw",
    "wallets_clawpart",
    "wallets_debtrecovery",
    "wallets_seal",
    "wallets_sealhead",
    "accounts_auditentry",
    "accounts_staffnote",
    "wallets_closedday",
)

INVARIANTS: Final = [
    Invariant(
        "transactions balance",
        "Every transaction sums to zero in each unit: no money from nothing (I1, I8).",
        "SELECT transaction_id, unit, sum(amount) AS off FROM wallets_entry"
        " GROUP BY 1, 2 HAVING sum(amount) <> 0",
    ),
    Invariant(
        "transactions have two entries",
        "Money always comes from somewhere and goes somewhere (I2).",
        "SELECT t.id FROM wallets_transaction t LEFT JOIN wallets_entry e ON e.transaction_id = t.id"
        " GROUP BY t.id HAVING count(e.id) < 2",
    ),
    Invariant(
        "entries keep their wallet's unit",
        "Credits and dollars never mix on a wallet, and no entry is without one (I3).",
        "SELECT e.id, e.unit, w.unit AS wallet_unit FROM wallets_entry e"
        " LEFT JOIN wallets_wallet w ON w.id = e.wallet_id WHERE e.unit IS DISTINCT FROM w.unit",
    ),
    Invariant(
        "append-only guards stand",
        "Nobody changes what was written: the triggers are there and enabled (I4).",
        "SELECT t.name FROM unnest(ARRAY["
        + ", ".join(f"'{table}'" for table in APPEND_ONLY_TABLES)
        + "]) AS t(name) WHERE NOT EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = t.name::regclass"
        " AND g.tgname = t.name || '_append_only' AND g.tgenabled <> 'D')",
    ),
    Invariant(
        "balances are the sum of entries",
        "The balance shown is the balance owned (I5).",
        "SELECT w.id, w.balance, coalesce(sum(e.amount), 0) AS entries FROM wallets_wallet w"
        " LEFT JOIN wallets_entry e ON e.wallet_id = w.id WHERE w.owner_type <> 'platform'"
        " GROUP BY w.id HAVING w.balance <> coalesce(sum(e.amount), 0)",
    ),
    Invariant(
        "running balances chain without gaps",
        "A statement adds up line by line; a lost or added entry shows (I6).",
        "SELECT id, wallet_id, wallet_seq FROM (SELECT id, wallet_id, wallet_seq, amount, balance_after,"
        " lag(balance_after, 1, 0::bigint) OVER w AS before, row_number() OVER w AS n FROM wallets_entry"
        " WHERE wallet_seq IS NOT NULL WINDOW w AS (PARTITION BY wallet_id ORDER BY wallet_seq)) x"
        " WHERE wallet_seq <> n OR balance_after <> before + amount",
    ),
    Invariant(
        "wallets know their last entry",
        "The next entry gets the next number: two writers cannot share one (I6).",
        "SELECT w.id, w.seq, max(e.wallet_seq) AS last FROM wallets_wallet w"
        " LEFT JOIN wallets_entry e ON e.wallet_id = w.id GROUP BY w.id"
        " HAVING w.seq <> coalesce(max(e.wallet_seq), 0)",
    ),
    Invariant(
        "platform wallets stay untouched rows",
        "No run waits for a row that every run would write.",
        "SELECT id, balance, held, seq FROM wallets_wallet"
        " WHERE owner_type = 'platform' AND (balance <> 0 OR held <> 0 OR seq <> 0)",
    ),
    Invariant(
        "owners' entries are numbered",
        "An entry on an owner's wallet carries its number and balance; on a platform wallet neither.",
        "SELECT e.id FROM wallets_entry e JOIN wallets_wallet w ON w.id = e.wallet_id"
        " WHERE (w.owner_type = 'platform') <> (e.wallet_seq IS NULL)",
    ),
    Invariant(
        "one cause per transaction",
        "One payment, run or decision moves money once (I10).",
        "SELECT kind, source_type, source_id FROM wallets_transaction GROUP BY 1, 2, 3"
        " HAVING count(*) > 1 OR bool_or(source_id = '')",
    ),
    Invariant(
        "closed days stay closed",
        "What is written after a day was closed belongs to a later one (I37).",
        "SELECT t.public_id, t.occurred_at, d.closed_at FROM wallets_closedday d JOIN wallets_transaction t"
        " ON t.occurred_at >= d.day::timestamp AT TIME ZONE 'UTC'"
        " AND t.occurred_at < (d.day + 1)::timestamp AT TIME ZONE 'UTC' AND t.recorded_at > d.closed_at",
    ),
    Invariant(
        "the guard of closed days stands",
        "A late booking lands in the next open day, whoever writes it (I37).",
        "SELECT 'wallets_transaction_open_day' AS missing WHERE NOT EXISTS (SELECT 1 FROM pg_trigger"
        " WHERE tgrelid = 'wallets_transaction'::regclass AND tgname = 'wallets_transaction_open_day'"
        " AND tgenabled <> 'D')",
    ),
    Invariant(
        "held is the sum of open holds",
        "What is reserved is exactly what running work may take (I12).",
        "SELECT w.id, w.held, coalesce(sum(h.amount), 0) AS open FROM wallets_wallet w"
        " LEFT JOIN wallets_hold h ON h.wallet_id = w.id AND h.state = 'open'"
        " GROUP BY w.id HAVING w.held <> coalesce(sum(h.amount), 0)",
    ),
    Invariant(
        "holds close once",
        "A hold is open or has one end (I13).",
        "SELECT id, state FROM wallets_hold WHERE (state = 'open') <> (closed_at IS NULL)"
        " OR state NOT IN ('open', 'settled', 'released', 'expired')",
    ),
    Invariant(
        "no hold outlives its expiry",
        "A dead router does not keep a consumer's credits: sweepers close its holds in a minute (I15).",
        "SELECT id, expires_at FROM wallets_hold WHERE state = 'open'"
        " AND expires_at < %(now)s::timestamptz - interval '60 seconds'",
        timely=True,
    ),
    Invariant(
        "grants cover the balance",
        "Every credit on a consumer's wallet comes from a grant; below zero is a debt (I19, ledger.md rule 5).",
        "SELECT w.id, w.balance, g.remaining, d.owed FROM wallets_wallet w"
        " LEFT JOIN (SELECT wallet_id, sum(remaining) AS remaining FROM wallets_creditgrant GROUP BY 1) g"
        " ON g.wallet_id = w.id LEFT JOIN (SELECT wallet_id, sum(remaining) AS owed FROM wallets_walletdebt"
        " GROUP BY 1) d ON d.wallet_id = w.id WHERE w.owner_type = 'consumer'"
        " AND w.balance <> coalesce(g.remaining, 0) - coalesce(d.owed, 0)",
    ),
    Invariant(
        "grants add up",
        "granted = remaining + burned + expired + voided + frozen (I20).",
        "SELECT id FROM wallets_creditgrant"
        " WHERE amount <> remaining + burned + expired + voided + frozen"
        " OR least(remaining, burned, expired, voided, frozen, cash_remaining) < 0 OR cash_remaining > cash",
    ),
    Invariant(
        "frozen is what open disputes set aside",
        "Every frozen credit names the dispute that gives it back or takes it.",
        "SELECT g.id, g.frozen, coalesce(f.amount, 0) AS lots FROM wallets_creditgrant g"
        " LEFT JOIN (SELECT grant_id, sum(amount) AS amount FROM wallets_frozenlot WHERE thawed_at IS NULL"
        " GROUP BY 1) f ON f.grant_id = g.id WHERE g.frozen <> coalesce(f.amount, 0)",
    ),
    Invariant(
        "disputed is what is frozen",
        "Frozen credits are in no balance, and come back from nowhere else.",
        "SELECT l.booked, g.frozen FROM (SELECT coalesce(sum(amount), 0) AS booked FROM wallets_entry"
        " WHERE wallet_id = (SELECT wallets_platform('CREDITS', 'disputed'))) l,"
        " (SELECT coalesce(sum(frozen), 0) AS frozen FROM wallets_creditgrant) g WHERE l.booked <> g.frozen",
    ),
    Invariant(
        "burned is what drawdowns say",
        "Refunds and disputes can walk every burned credit back to its purchase (I20).",
        "SELECT g.id, g.burned, coalesce(sum(d.amount), 0) AS drawn FROM wallets_creditgrant g"
        " LEFT JOIN wallets_grantdrawdown d ON d.grant_id = g.id"
        " GROUP BY g.id HAVING g.burned <> coalesce(sum(d.amount), 0)"
        " OR g.cash - g.cash_remaining < coalesce(sum(d.cash), 0)",
    ),
    Invariant(
        "debts add up",
        "What is below zero is still owed, was paid, billed or waived: nothing else becomes of it.",
        "SELECT id FROM wallets_walletdebt WHERE amount <> remaining + paid + billed + waived + written_off"
        " OR least(remaining, paid, billed, waived, written_off, carried) < 0 OR (remaining = 0 AND carried <> 0)",
    ),
    Invariant(
        "debts are what was drawn on them",
        "Every micro owed names the charge it came from, every micro paid the grant that paid it.",
        "SELECT w.id, w.burned, w.paid, d.burned AS drawn, d.paid AS settled FROM (SELECT id,"
        " amount - waived AS burned, paid FROM wallets_walletdebt WHERE kind = 'overage') w LEFT JOIN (SELECT debt_id,"
        " coalesce(sum(amount) FILTER (WHERE grant_id IS NULL), 0) AS burned,"
        " coalesce(sum(amount) FILTER (WHERE grant_id IS NOT NULL), 0) AS paid"
        " FROM wallets_grantdrawdown WHERE debt_id IS NOT NULL GROUP BY 1) d ON d.debt_id = w.id"
        " WHERE w.burned <> coalesce(d.burned, 0) OR w.paid <> coalesce(d.paid, 0)",
    ),
    Invariant(
        "each clawed credit has one bearer",
        "What a refund or a lost dispute takes is what lots and debts lose, and what the wallet goes down by (I24).",
        "SELECT c.id, c.purchase, c.amount, p.amount AS borne, e.amount AS booked FROM wallets_claw c"
        " LEFT JOIN LATERAL (SELECT sum(amount) AS amount, coalesce(sum(cash) FILTER (WHERE grant_id IS NOT NULL), 0)"
        " AS deferred, coalesce(sum(cash) FILTER (WHERE debt_id IS NOT NULL), 0) AS carried"
        " FROM wallets_clawpart WHERE claw_id = c.id) p ON true"
        " LEFT JOIN LATERAL (SELECT sum(e.amount) AS amount FROM wallets_entry e JOIN wallets_wallet w"
        " ON w.id = e.wallet_id AND w.owner_type = 'consumer' WHERE e.transaction_id = c.transaction_id) e ON true"
        " WHERE c.amount <> coalesce(p.amount, 0) OR c.deferred <> p.deferred OR c.carried <> p.carried"
        " OR (c.undoes_id IS NULL AND -c.amount <> coalesce(e.amount, 0))",
    ),
    Invariant(
        "a purchase is clawed once",
        "No more is taken for a purchase than it brought, and a lot has voided what its claws say (I24).",
        "SELECT c.purchase, NULL::bigint AS grant_id, c.amount FROM (SELECT purchase, sum(amount) AS amount,"
        " sum(usd) AS usd FROM wallets_claw GROUP BY 1) c LEFT JOIN (SELECT source_id AS purchase,"
        " sum(amount) AS amount FROM wallets_creditgrant GROUP BY 1) g"
        " USING (purchase) WHERE least(c.amount, c.usd) < 0 OR c.amount > g.amount UNION ALL"
        " SELECT NULL, g.id, g.voided FROM wallets_creditgrant g JOIN (SELECT grant_id, sum(amount) AS amount"
        " FROM wallets_clawpart GROUP BY 1) p ON p.grant_id = g.id WHERE p.amount > g.voided OR p.amount < 0",
    ),
    Invariant(
        "recovered is what was paid of write-offs",
        "What was written off is paid after all at most once, by a transaction that moved it (ledger.md rule 15).",
        "SELECT d.id, d.recovered, r.amount FROM wallets_walletdebt d LEFT JOIN (SELECT debt_id, sum(amount) AS amount"
        " FROM wallets_debtrecovery GROUP BY 1) r ON r.debt_id = d.id WHERE d.recovered <> coalesce(r.amount, 0)"
        " UNION ALL SELECT NULL, e.amount, r.amount FROM (SELECT transaction_id, sum(amount) AS amount"
        " FROM wallets_debtrecovery GROUP BY 1) r LEFT JOIN wallets_entry e ON e.transaction_id = r.transaction_id"
        " AND e.wallet_id = (SELECT wallets_platform('CREDITS', 'loss')) WHERE r.amount IS DISTINCT FROM e.amount",
    ),
    Invariant(
        "arrears are what was forced",
        "A wallet goes into arrears by claws alone (ledger.md rule 9).",
        "SELECT d.id, d.amount, p.amount AS forced FROM wallets_walletdebt d LEFT JOIN (SELECT debt_id,"
        " sum(amount) AS amount FROM wallets_clawpart WHERE amount > 0 AND debt_id IS NOT NULL GROUP BY 1) p"
        " ON p.debt_id = d.id WHERE d.kind = 'arrears' AND d.amount <> coalesce(p.amount, 0)",
    ),
    Invariant(
        "billed debt is on an invoice",
        "A balance comes up by what is billed, and by no more.",
        "SELECT coalesce(d.wallet_id, e.wallet_id) AS wallet, d.billed, e.booked FROM"
        " (SELECT wallet_id, sum(billed) AS billed FROM wallets_walletdebt GROUP BY 1 HAVING sum(billed) > 0) d"
        " FULL JOIN (SELECT x.wallet_id, sum(x.amount) AS booked FROM wallets_entry x"
        " JOIN wallets_transaction t ON t.id = x.transaction_id AND t.kind = 'overage'"
        " WHERE x.wallet_seq IS NOT NULL GROUP BY 1) e USING (wallet_id) WHERE d.billed IS DISTINCT FROM e.booked",
    ),
    Invariant(
        "an empty grant has no cash left",
        "The last credit takes all: no cent stays deferred for ever.",
        "SELECT id, cash_remaining FROM wallets_creditgrant"
        " WHERE remaining + frozen = 0 AND cash_remaining <> 0",
    ),
    Invariant(
        "expired credits are not spent",
        "Only a hold opened before a grant's expiry may still burn it (I21).",
        "SELECT d.id, g.id AS grant_id FROM wallets_grantdrawdown d"
        " JOIN wallets_creditgrant g ON g.id = d.grant_id AND g.expires_at IS NOT NULL"
        " JOIN wallets_transaction t ON t.id = d.transaction_id"
        " LEFT JOIN wallets_hold h ON h.source_type = t.source_type AND h.source_id = t.source_id"
        " WHERE d.amount > 0 AND t.recorded_at >= g.expires_at AND coalesce(h.opened_at >= g.expires_at, true)",
    ),
    Invariant(
        "settlements draw what they charge",
        "Each charge, and each use of a quota, is paid by named grants, to the micro.",
        "SELECT e.transaction_id, e.amount, coalesce(d.drawn, 0) AS drawn FROM wallets_entry e"
        " JOIN wallets_transaction t ON t.id = e.transaction_id AND t.kind IN ('settle', 'quota')"
        " JOIN wallets_wallet w ON w.id = e.wallet_id AND w.owner_type = 'consumer'"
        " LEFT JOIN (SELECT transaction_id, sum(amount) AS drawn FROM wallets_grantdrawdown GROUP BY 1) d"
        " ON d.transaction_id = e.transaction_id WHERE -e.amount <> coalesce(d.drawn, 0)",
    ),
    Invariant(
        "breakage is what expired",
        "No credit vanishes: what ran out is booked as breakage.",
        "SELECT unit, b.booked, g.expired FROM (SELECT w.unit, sum(e.amount) AS booked FROM wallets_wallet w"
        " JOIN wallets_entry e ON e.wallet_id = w.id WHERE w.owner_type = 'platform' AND w.unit <> 'USD'"
        " AND w.kind = CASE w.unit WHEN 'CREDITS' THEN 'breakage' ELSE 'expired' END GROUP BY 1) b"
        " FULL JOIN (SELECT w.unit, sum(c.expired) AS expired FROM wallets_creditgrant c"
        " JOIN wallets_wallet w ON w.id = c.wallet_id GROUP BY 1) g USING (unit)"
        " WHERE coalesce(b.booked, 0) <> coalesce(g.expired, 0)",
    ),
    Invariant(
        "owed is the image of creators' credits",
        "The dollars shown as owed are the credits creators have, converted once (I27).",
        "SELECT l.booked, c.image FROM (SELECT coalesce(sum(amount), 0) AS booked FROM wallets_entry"
        " WHERE wallet_id = (SELECT wallets_platform('USD', 'owed'))) l,"
        " (SELECT coalesce(sum(wallets_usd(balance)), 0) AS image FROM wallets_wallet"
        " WHERE owner_type = 'creator' AND kind <> 'debt') c WHERE l.booked <> c.image",
    ),
    Invariant(
        "creators' debt has its image",
        "What creators owe back stands in dollars too (I27).",
        "SELECT l.booked, c.image FROM (SELECT coalesce(sum(amount), 0) AS booked FROM wallets_entry"
        " WHERE wallet_id = (SELECT wallets_platform('USD', 'creator_debt'))) l,"
        " (SELECT coalesce(sum(wallets_usd(balance)), 0) AS image FROM wallets_wallet"
        " WHERE owner_type = 'creator' AND kind = 'debt') c WHERE l.booked <> c.image",
    ),
    Invariant(
        "creators' wallets keep their sign",
        "Earnings never go below zero; a debt is never above it (I27).",
        "SELECT id, kind, balance FROM wallets_wallet WHERE owner_type = 'creator'"
        " AND (CASE WHEN kind = 'debt' THEN balance > 0 ELSE balance < 0 END)",
    ),
    Invariant(
        "adjustments are decided by two",
        "Above the limit another person approved; money moved exactly when it was applied, once; a reversal gives"
        " back no more than it undoes (I36).",
        "SELECT a.id, a.state, a.amount, a.requested_by_id, a.decided_by_id FROM wallets_adjustment a"
        " LEFT JOIN wallets_transaction t ON t.kind = 'adjustment' AND t.source_type = 'adjustment'"
        " AND t.source_id = a.public_id"
        " LEFT JOIN wallets_entry e ON e.transaction_id = t.id AND e.wallet_id = a.wallet_id"
        " LEFT JOIN wallets_adjustment r ON r.id = a.reverses_id"
        " WHERE (a.state = 'applied') <> (t.id IS NOT NULL) OR a.transaction_id IS DISTINCT FROM t.id"
        " OR (t.id IS NOT NULL AND e.amount IS DISTINCT FROM a.amount)"
        " OR a.decided_by_id = a.requested_by_id"
        " OR (a.state = 'applied' AND a.decided_by_id IS NULL AND r.id IS NULL AND abs(a.amount) > a.alone_limit)"
        " OR (r.id IS NOT NULL AND (r.state <> 'applied' OR r.wallet_id <> a.wallet_id"
        " OR sign(r.amount) = sign(a.amount) OR abs(a.amount) > abs(r.amount)))",
    ),
    Invariant(
        "sealed transactions are unchanged",
        "Every column of every sealed row hashes to its seal: a change past the guards is found.",
        "SELECT * FROM wallets_seals_changed()",
    ),
    Invariant(
        "the chain of seals has no gap",
        "Each seal continues the one before: none was taken out, put in or made anew.",
        "SELECT * FROM wallets_seals_unchained()",
    ),
    Invariant(
        "daily heads stand in the chain",
        "The chain still runs through every head that was stored: it was not written again.",
        "SELECT * FROM wallets_seal_heads_lost()",
    ),
    Invariant(
        "no transaction slips past the seals",
        "What the sealer has passed is sealed, however late it committed.",
        "SELECT * FROM wallets_seals_missing()",
    ),
]
