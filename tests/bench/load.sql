-- A ledger with a past: :runs runs that were reserved, settled and posted, as the money path leaves them, but written
-- set-based, with triggers off and no index kept meanwhile (growth.py builds them afterwards). The books stay provable.
SET session_replication_role = replica;
SELECT billing_make_partitions((now() - interval '30 days')::date, 3);
UPDATE pg_index SET indisready = false, indisvalid = false WHERE indrelid = ANY (ARRAY[:tables]::regclass[]);

CREATE TABLE bench.last AS SELECT
    (SELECT max(id) FROM wallets_transaction) AS tx,
    (SELECT coalesce(max(id), 0) FROM wallets_hold) AS hold,
    (SELECT coalesce(max(id), 0) FROM billing_execution) AS execution,
    (SELECT count(*) FROM accounts_customer WHERE public_id LIKE 'cst_bench%') AS payers,
    (SELECT wallets_open('creator', creator_id, 'CREDITS', 'pending', '', now()) FROM bench.agent WHERE number = 0) AS pending;
CREATE TABLE bench.payer AS
SELECT row_number() OVER (ORDER BY c.id) - 1 AS nth, c.id AS customer, w.id AS wallet, w.balance, w.seq, g.id AS lot
FROM accounts_customer c JOIN wallets_wallet w ON w.owner_type = 'consumer' AND w.owner_id = c.id
JOIN wallets_creditgrant g ON g.wallet_id = w.id WHERE c.public_id LIKE 'cst_bench%';
ANALYZE bench.payer;

-- Each run: its rows' ids, who pays, the how manieth of that payer it is, when it ended.
CREATE VIEW bench.run AS
SELECT n, l.tx + n AS tx, l.hold + n AS hold, l.execution + n AS execution, 'exe_' || left(md5('exe' || n), 26) AS public_id,
    p.*, 1 + (n - 1) / l.payers AS kth, (n - 1) / 4 AS batch,
    date_trunc('day', now(), 'UTC') - interval '28 days' + n * interval '27 days' / :runs AS ended_at
FROM generate_series(1, :runs::bigint) n CROSS JOIN bench.last l JOIN bench.payer p ON p.nth = (n - 1) % l.payers;

-- The poster took four runs at a time, never of two days.
CREATE TABLE bench.posting AS
SELECT *, row_number() OVER (ORDER BY batch, day) AS nth, sum(runs) OVER (ORDER BY batch, day) AS upto,
    (SELECT tx FROM bench.last) + :runs + row_number() OVER (ORDER BY batch, day) AS tx
FROM (SELECT batch, (ended_at AT TIME ZONE 'UTC')::date AS day, count(*) AS runs, max(ended_at) AS ended_at,
      min(public_id) AS public_id FROM bench.run GROUP BY 1, 2) grouped;
ANALYZE bench.posting;

INSERT INTO wallets_transaction (id, public_id, kind, source_type, source_id, actor, description, occurred_at, recorded_at)
SELECT tx, 'ltx_' || left(md5('run' || n), 26), 'settle', 'execution', public_id, 'key:bench', '', ended_at, ended_at
FROM bench.run
UNION ALL
SELECT tx, 'ltx_' || left(md5('posting' || tx), 26), 'posting', 'executions', public_id, 'system', '', ended_at, ended_at
FROM bench.posting;

INSERT INTO wallets_entry (transaction_id, wallet_id, unit, amount, wallet_seq, balance_after)
SELECT tx, leg.* FROM bench.run CROSS JOIN wallets_platform('CREDITS', 'clearing') clearing CROSS JOIN LATERAL (VALUES
    (wallet, 'CREDITS', -50000000::bigint, seq + kth, balance - kth * 50000000),
    (clearing, 'CREDITS', 50000000, NULL, NULL)) leg;
INSERT INTO wallets_entry (transaction_id, wallet_id, unit, amount, wallet_seq, balance_after)
SELECT p.tx, leg.*
FROM bench.posting p CROSS JOIN bench.last l JOIN wallets_wallet pending ON pending.id = l.pending
CROSS JOIN (SELECT wallets_platform('CREDITS', 'clearing') AS clearing, wallets_platform('CREDITS', 'platform_share') AS share,
    wallets_platform('USD', 'deferred') AS deferred, wallets_platform('USD', 'owed') AS owed,
    wallets_platform('USD', 'revenue') AS revenue OFFSET 0) w
CROSS JOIN LATERAL (VALUES
    (pending.id, 'CREDITS', runs * 40000000, pending.seq + p.nth, pending.balance + upto::bigint * 40000000),
    (clearing, 'CREDITS', -runs * 50000000, NULL, NULL), (share, 'CREDITS', runs * 10000000, NULL, NULL),
    (deferred, 'USD', -runs * 50000, NULL, NULL), (owed, 'USD', runs * 40000, NULL, NULL),
    (revenue, 'USD', runs * 10000, NULL, NULL)) leg;
INSERT INTO wallets_grantdrawdown (grant_id, transaction_id, amount, cash) SELECT lot, tx, 50000000, 50000 FROM bench.run;
INSERT INTO wallets_hold (id, public_id, wallet_id, amount, state, source_type, source_id, opened_at, expires_at, closed_at,
    settled)
SELECT hold, 'hld_' || left(md5('hld' || n), 26), wallet, 50000000, 'settled', 'execution', public_id,
    ended_at - interval '9 s', ended_at + interval '15 min', ended_at, 50000000
FROM bench.run;
INSERT INTO billing_execution (id, public_id, state, source, principal, customer_id, agent_id, version_id, wallet_id, hold_id,
    idempotency_key, fingerprint, settle_fingerprint, estimate, held, quoted_usage, usage, lines, outcome, cost, charged,
    cells, platform_amount, cash, available_after_reserve, available_after_settle, occurred_at, opened_at, expires_at,
    closed_at, settlement_id, posting_id)
SELECT execution, r.public_id, 'settled', 'router', 'key:bench', customer, agent, version, wallet, hold, md5('key' || n),
    sha256(r.public_id::bytea), sha256(r.public_id::bytea), 50000000, 50000000, '{"request": "1"}', '{"request": "1"}',
    '[["request", "1", "50", 50000000]]', 'success', 50000000, 50000000,
    ('[["paid", null, 10000000], ["paid", ' || creator_id || ', 40000000]]')::jsonb, 10000000, 50000,
    balance - (kth - 1) * 50000000, balance - kth * 50000000, r.ended_at, r.ended_at - interval '9 s',
    r.ended_at + interval '15 min', r.ended_at, r.tx, p.tx
FROM bench.run r JOIN bench.posting p ON p.batch = r.batch AND p.day = (r.ended_at AT TIME ZONE 'UTC')::date
CROSS JOIN bench.agent WHERE number = 0;
INSERT INTO billing_earning (execution_id, creator_id, agent_id, amount, zero_cash_amount, day, earned_at)
SELECT execution, creator_id, agent, 40000000, 0, (ended_at AT TIME ZONE 'UTC')::date, ended_at
FROM bench.run CROSS JOIN bench.agent WHERE number = 0;
INSERT INTO billing_usageevent (occurred_at, recorded_at, execution_id, customer_id, agent_id, metric, quantity, charged)
SELECT ended_at, ended_at, execution, customer, agent, 'request', 1, 50000000
FROM bench.run CROSS JOIN bench.agent WHERE number = 0;
INSERT INTO billing_usageeventkey (source, event_id, fingerprint, created_at, execution_id)
SELECT 'key:bench', public_id, sha256(public_id::bytea), ended_at, execution FROM bench.run;

UPDATE wallets_wallet w SET balance = w.balance - r.runs * 50000000, seq = w.seq + r.runs
FROM (SELECT wallet, count(*) AS runs FROM bench.run GROUP BY 1) r WHERE w.id = r.wallet;
UPDATE wallets_wallet w SET balance = w.balance + :runs::bigint * 40000000, seq = w.seq + (SELECT count(*) FROM bench.posting)
WHERE w.id = (SELECT pending FROM bench.last);
UPDATE wallets_creditgrant g SET remaining = remaining - r.runs * 50000000, burned = burned + r.runs * 50000000,
    cash_remaining = cash_remaining - r.runs * 50000
FROM (SELECT lot, count(*) AS runs FROM bench.run GROUP BY 1) r WHERE g.id = r.lot;
SELECT setval(pg_get_serial_sequence('wallets_transaction', 'id'), (SELECT max(id) FROM wallets_transaction)),
    setval(pg_get_serial_sequence('wallets_hold', 'id'), (SELECT max(id) FROM wallets_hold)),
    setval(pg_get_serial_sequence('billing_execution', 'id'), (SELECT max(id) FROM billing_execution));
SET session_replication_role = origin;
