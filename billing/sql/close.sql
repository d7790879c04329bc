-- What else happens to an open execution: readings, release, expiry.

-- Take a cumulative reading; an older one changes nothing. No row: no such execution.
CREATE OR REPLACE FUNCTION billing_meter(
    p_public_id text, p_sequence bigint, p_usage jsonb, p_metered bigint, p_now timestamptz,
    OUT o_state text, OUT o_held bigint, OUT o_metered bigint
) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY UPDATE billing_execution
    SET state = 'running', sequence = p_sequence, metered_usage = p_usage, metered = p_metered
    WHERE public_id = p_public_id AND state IN ('reserved', 'running') AND coalesce(sequence, -1) < p_sequence
    RETURNING state::text, held, metered;
    IF NOT FOUND THEN
        RETURN QUERY SELECT state::text, held, metered FROM billing_execution WHERE public_id = p_public_id;
    END IF;
END $$;

-- Close an open execution without a charge; a closed one stays as it is. Answers its state, null when there is none.
CREATE OR REPLACE FUNCTION billing_release(p_public_id text, p_reason text, p_now timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE v_execution billing_execution;
BEGIN
    SELECT * INTO v_execution FROM billing_execution WHERE public_id = p_public_id FOR NO KEY UPDATE;
    IF v_execution.state IN ('reserved', 'running') THEN
        IF v_execution.quota_hold_id IS NOT NULL THEN
            PERFORM wallets_lock(ARRAY[v_execution.wallet_id, v_execution.quota_wallet_id]);
            PERFORM wallets_hold_close(v_execution.quota_hold_id, 'released', p_now);
        END IF;
        PERFORM wallets_hold_close(v_execution.hold_id, 'released', p_now);
        UPDATE billing_execution SET state = 'released', reason = p_reason, released = held, closed_at = p_now,
            available_after_settle = coalesce(wallets_available(wallet_id, p_now), 0)
        WHERE id = v_execution.id;
        RETURN 'released';
    END IF;
    RETURN v_execution.state;
END $$;

-- Expire what is overdue, at most p_limit; say how many. Never waits for an execution that is being settled, so it
-- may wait for wallets with executions locked (see settle.sql on the order).
CREATE OR REPLACE FUNCTION billing_expire_due(p_limit int, p_now timestamptz) RETURNS int LANGUAGE plpgsql AS $$
DECLARE v_due bigint[]; v_wallets bigint[]; v_execution record;
BEGIN
    SELECT coalesce(array_agg(id), '{}'), array_agg(wallet_id) || array_agg(quota_wallet_id) INTO v_due, v_wallets FROM (
        SELECT id, wallet_id, quota_wallet_id FROM billing_execution
        WHERE state IN ('reserved', 'running') AND expires_at <= p_now
        ORDER BY expires_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
    ) due;
    -- A run may have two wallets: all of them in the one order, before the first is touched.
    PERFORM wallets_lock(v_wallets);
    FOR v_execution IN
        SELECT id, hold_id, quota_hold_id FROM billing_execution WHERE id = ANY (v_due) ORDER BY wallet_id, id
    LOOP
        PERFORM wallets_hold_close(v_execution.hold_id, 'expired', p_now);
        IF v_execution.quota_hold_id IS NOT NULL THEN
            PERFORM wallets_hold_close(v_execution.quota_hold_id, 'expired', p_now);
        END IF;
        UPDATE billing_execution SET state = 'expired', released = held, closed_at = p_now,
            available_after_settle = coalesce(wallets_available(wallet_id, p_now), 0)
        WHERE id = v_execution.id;
    END LOOP;
    RETURN cardinality(v_due);
END $$;
