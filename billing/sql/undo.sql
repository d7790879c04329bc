-- Undo: a run that was settled has failed after all. Its receipt stays as it was; the sums count it as a run that failed
-- and cost nothing.

-- Mark a run, whose row the caller has locked and whose money it gives back in the same transaction.
CREATE OR REPLACE FUNCTION billing_undone(p_execution bigint, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- The roller adds each run as it finds it: before this, with its charge, or after it, without.
    PERFORM pg_advisory_xact_lock(hashtext('billing_roll_up'));
    IF NOT EXISTS (SELECT FROM billing_unrolled WHERE execution_id = p_execution) THEN
        UPDATE billing_runday d SET charged = d.charged - x.charged FROM billing_runday_rows() x
        WHERE x.execution_id = p_execution
            AND (d.customer_id, d.day, d.agent_id, d.model) = (x.customer_id, x.day, x.agent_id, x.model);
        UPDATE billing_agentday d SET charged = d.charged - x.charged, successes = d.successes - x.successes
        FROM billing_agentday_rows() x
        WHERE x.execution_id = p_execution AND (d.agent_id, d.day) = (x.agent_id, x.day);
        UPDATE billing_callerday d SET charged = d.charged - x.charged FROM billing_callerday_rows() x
        WHERE x.execution_id = p_execution AND (d.agent_id, d.day, d.customer_id) = (x.agent_id, x.day, x.customer_id);
        UPDATE billing_earningday d SET gross = d.gross - x.gross, platform_fee = d.platform_fee - x.platform_fee,
            net = d.net - x.net, zero_cash = d.zero_cash - x.zero_cash
        FROM billing_earningday_rows() x
        WHERE x.execution_id = p_execution AND (d.creator_id, d.day, d.agent_id) = (x.creator_id, x.day, x.agent_id);
    END IF;
    UPDATE billing_execution SET undone_at = p_now WHERE id = p_execution;
END $$;
