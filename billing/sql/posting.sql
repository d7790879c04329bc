-- Posting: from clearing to creators and the platform, in batches, one entry a wallet.
--
-- A batch never crosses a UTC day of settle, the oldest day comes first, and one poster runs at a time (the lock),
-- so that a creator's wallet is touched by one writer. Settlements touch no row of it.

-- Answer how many executions were posted; 0 when none is left before p_before, null when another poster is at work.
CREATE OR REPLACE FUNCTION billing_post_splits(p_limit int, p_before timestamptz, p_now timestamptz) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    v_day date;
    v_ids bigint[];
    v_sums record;
    v_creators bigint[];
    v_amounts bigint[];
    v_unpaid bigint;
    v_posted record;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('billing_post_splits')) THEN RETURN NULL; END IF;
    SELECT (closed_at AT TIME ZONE 'UTC')::date INTO v_day FROM billing_execution
    WHERE state = 'settled' AND charged > 0 AND posting_id IS NULL AND closed_at < p_before
    ORDER BY closed_at LIMIT 1;
    IF v_day IS NULL THEN RETURN 0; END IF;

    SELECT array_agg(id) INTO v_ids FROM (
        SELECT id FROM billing_execution
        WHERE state = 'settled' AND charged > 0 AND posting_id IS NULL AND closed_at < p_before
            AND closed_at < (v_day + 1)::timestamp AT TIME ZONE 'UTC'
        ORDER BY closed_at, id LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
    ) batch;
    IF v_ids IS NULL THEN RETURN 0; END IF;
    SELECT sum(charged) AS charged, sum(cash) AS cash, sum(overage) AS overage, min(id) AS first,
        max(closed_at) AS occurred_at INTO v_sums
    FROM billing_execution WHERE id = ANY (v_ids);
    SELECT array_agg(creator_id ORDER BY creator_id), array_agg(amount ORDER BY creator_id), sum(unpaid)
    INTO v_creators, v_amounts, v_unpaid
    FROM (
        SELECT creator_id, sum(amount)::bigint AS amount, sum(zero_cash_amount) AS unpaid
        FROM billing_earning WHERE execution_id = ANY (v_ids) GROUP BY creator_id
    ) earned;

    SELECT p.o_transaction, p.o_replayed INTO v_posted FROM wallets_post(
        'posting', 'executions', (SELECT public_id FROM billing_execution WHERE id = v_sums.first), 'system',
        cardinality(v_ids) || ' runs of ' || v_day, v_sums.occurred_at, p_now,
        ARRAY[wallets_platform('CREDITS', 'clearing'), wallets_platform('CREDITS', 'platform_share'),
              wallets_platform('USD', 'deferred'), wallets_platform('USD', 'unbilled'),
              wallets_platform('USD', 'promo_expense')]
            || coalesce((SELECT array_agg(wallets_open('creator', c, 'CREDITS', 'pending', '', p_now) ORDER BY n)
                         FROM unnest(v_creators) WITH ORDINALITY AS x(c, n)), '{}'),
        ARRAY[-v_sums.charged, v_sums.charged - coalesce((SELECT sum(a) FROM unnest(v_amounts) a), 0),
              -v_sums.cash, -v_sums.overage, -wallets_usd(coalesce(v_unpaid, 0)::bigint)]::bigint[] || coalesce(v_amounts, '{}'),
        wallets_platform('USD', 'revenue')) p;
    IF v_posted.o_replayed THEN
        RAISE EXCEPTION 'posting of execution % exists already', v_sums.first USING ERRCODE = 'FB002';
    END IF;
    UPDATE billing_execution SET posting_id = v_posted.o_transaction WHERE id = ANY (v_ids);
    RETURN cardinality(v_ids);
END $$;
