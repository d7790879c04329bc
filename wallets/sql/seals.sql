-- The chain of seals: what the ledger wrote, hashed transaction by transaction, so that a change past every guard
-- still shows. The money path neither writes nor waits here. What only reads may run in parallel.

-- A short mark of each row, in order: enough to say which one no longer is what it was.
CREATE OR REPLACE FUNCTION wallets_seal_marks(p_lines text[]) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT string_agg(concat_ws(':', line::json ->> 0, line::json ->> 1,
        left(encode(sha256(convert_to(line, 'UTF8')), 'hex'), 8)), ' ' ORDER BY n)
    FROM unnest(p_lines) WITH ORDINALITY AS l(line, n)
$$;

CREATE OR REPLACE FUNCTION wallets_seal_hash(p_previous bytea, p_number bigint, p_rows text, p_lines text[])
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(p_previous
        || convert_to(p_number || E'\n' || p_rows || E'\n' || array_to_string(p_lines, E'\n'), 'UTF8'))
$$;

CREATE OR REPLACE FUNCTION wallets_seal_genesis() RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT decode(repeat('00', 32), 'hex')
$$;

-- Who writes transactions at this moment. An INSERT locks the table before it takes its id and until it commits.
CREATE OR REPLACE FUNCTION wallets_seal_writers() RETURNS text[] LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(array_agg(DISTINCT l.virtualtransaction), '{}') FROM pg_locks l
    WHERE l.locktype = 'relation' AND l.relation = 'wallets_transaction'::regclass AND l.granted
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.mode = 'RowExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
$$;

INSERT INTO wallets_sealprogress (id, passed, waits_at, writers) VALUES (1, 0, NULL, '');

-- Seal up to p_limit transactions that are not sealed; o_head is told when a new day's head was stored.
--
-- Ids are not commit order: a transaction may commit after one with a higher id was sealed. So the chain has numbers
-- of its own, and what is unsealed is looked for from `passed` on, below which nothing can turn up any more. To move
-- `passed` to an id seen (waits_at), everybody who held the writers' lock just after it was seen must be done: a lower
-- id was taken earlier, under that lock. Whoever came later has a higher id. A writer that stays for an hour only
-- makes the search longer; a restart that gives its name to another only makes it wait.
CREATE OR REPLACE FUNCTION wallets_seal_transactions(
    p_limit int, p_now timestamptz, OUT o_sealed int, OUT o_head text
) LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_progress wallets_sealprogress;
    v_newest bigint;
    v_writers text[];
    v_reach bigint;
    v_row record;
    v_number bigint;
    v_previous bytea;
    v_rows text;
    v_last bigint;
BEGIN
    o_sealed := 0;
    IF NOT pg_try_advisory_xact_lock(hashtext('wallets_seal_transactions')) THEN RETURN; END IF;
    -- Each statement below must see what committed before it.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'seals are made in READ COMMITTED only' USING ERRCODE = 'FB002';
    END IF;

    SELECT * INTO STRICT v_progress FROM wallets_sealprogress;
    SELECT coalesce(max(id), 0) INTO v_newest FROM wallets_transaction;
    v_writers := wallets_seal_writers();
    v_reach := CASE
        WHEN v_writers = '{}' THEN v_newest
        WHEN NOT string_to_array(v_progress.writers, ' ') && v_writers THEN v_progress.waits_at
    END;

    SELECT number, hash INTO v_number, v_previous FROM wallets_seal ORDER BY number DESC LIMIT 1;
    IF FOUND THEN
        INSERT INTO wallets_sealhead (day, number, hash)
        VALUES ((p_now AT TIME ZONE 'UTC')::date, v_number, v_previous) ON CONFLICT DO NOTHING
        RETURNING concat_ws(' ', day, number, encode(hash, 'hex')) INTO o_head;
    END IF;
    v_number := coalesce(v_number, 0);
    v_previous := coalesce(v_previous, wallets_seal_genesis());

    FOR v_row IN
        SELECT t.id, s.lines FROM (
            SELECT id FROM wallets_transaction u
            WHERE u.id > v_progress.passed AND NOT EXISTS (
                SELECT FROM wallets_seal x WHERE x.transaction_id = u.id AND x.transaction_id > v_progress.passed)
            ORDER BY u.id LIMIT p_limit
        ) t CROSS JOIN LATERAL wallets_sealed_lines(t.id) s ORDER BY t.id
    LOOP
        v_number := v_number + 1;
        v_rows := wallets_seal_marks(v_row.lines);
        INSERT INTO wallets_seal (number, transaction_id, previous, hash, rows)
        VALUES (v_number, v_row.id, v_previous, wallets_seal_hash(v_previous, v_number, v_rows, v_row.lines), v_rows)
        RETURNING hash INTO v_previous;
        o_sealed := o_sealed + 1;
        v_last := v_row.id;
    END LOOP;

    -- A full batch may have left some behind it.
    UPDATE wallets_sealprogress SET
        passed = coalesce(CASE WHEN o_sealed < p_limit THEN v_reach ELSE least(v_reach, v_last) END, passed),
        waits_at = v_newest, writers = array_to_string(v_writers, ' ')
    WHERE waits_at IS NULL OR (v_reach IS NOT NULL AND v_newest > passed);
END $$;

-- Which row of a seal is not what was sealed: changed or gone, else added, else the seal itself.
CREATE OR REPLACE FUNCTION wallets_seal_named(p_number bigint) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH sealed AS (
        SELECT m.mark, m.n FROM wallets_seal s, unnest(string_to_array(s.rows, ' ')) WITH ORDINALITY AS m(mark, n)
        WHERE s.number = p_number
    ), found AS (
        SELECT m.mark, m.n FROM wallets_seal s, wallets_sealed_lines(s.transaction_id) l,
            unnest(string_to_array(wallets_seal_marks(l.lines), ' ')) WITH ORDINALITY AS m(mark, n)
        WHERE s.number = p_number
    ), different AS (
        SELECT 1 AS rank, n, mark FROM sealed WHERE mark NOT IN (SELECT mark FROM found)
        UNION ALL SELECT 2, n, mark FROM found WHERE mark NOT IN (SELECT mark FROM sealed)
        UNION ALL SELECT 3, 0, 'seal:' || p_number
    )
    SELECT concat('wallets_', split_part(mark, ':', 1), ' ', split_part(mark, ':', 2))
    FROM different ORDER BY rank, n LIMIT 1
$$;

-- Seals whose transaction, entries or drawdowns are not what was sealed, with the row that differs.
CREATE OR REPLACE FUNCTION wallets_seals_changed()
RETURNS TABLE (number bigint, named text) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.number, wallets_seal_named(s.number)
    FROM wallets_seal s LEFT JOIN LATERAL wallets_sealed_lines(s.transaction_id) l ON true
    WHERE s.hash IS DISTINCT FROM wallets_seal_hash(s.previous, s.number, s.rows, l.lines)
$$;

-- Seals that do not follow the one before.
CREATE OR REPLACE FUNCTION wallets_seals_unchained()
RETURNS TABLE (number bigint, named text) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT c.number, 'wallets_seal ' || c.number FROM (
        SELECT s.number, s.previous, lag(s.hash, 1, wallets_seal_genesis()) OVER w AS before, row_number() OVER w AS n
        FROM wallets_seal s WINDOW w AS (ORDER BY s.number)
    ) c WHERE c.number <> c.n OR c.previous <> c.before
$$;

-- Days whose head is not in the chain.
CREATE OR REPLACE FUNCTION wallets_seal_heads_lost()
RETURNS TABLE (number bigint, named text) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT h.number, 'wallets_sealhead ' || h.day
    FROM wallets_sealhead h LEFT JOIN wallets_seal s ON s.number = h.number
    WHERE s.hash IS DISTINCT FROM h.hash
$$;

-- Transactions without a seal where everything is said to be sealed; they come after the chain's end.
CREATE OR REPLACE FUNCTION wallets_seals_missing()
RETURNS TABLE (number bigint, named text) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT NULL::bigint, 'wallets_transaction ' || t.id
    FROM wallets_transaction t, wallets_sealprogress p
    WHERE t.id <= p.passed AND NOT EXISTS (SELECT FROM wallets_seal s WHERE s.transaction_id = t.id)
$$;
