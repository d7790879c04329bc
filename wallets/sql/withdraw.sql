-- Withdrawing: the grants of a cause are taken back, for their value is given back. What a hold leans on is left to it,
-- and what a debt has eaten is not there to be taken: nobody is given the money for that.

-- How the cause of a grant is written in a wallet of this unit: one cause may fill several quotas, and give credits too.
CREATE OR REPLACE FUNCTION wallets_cause(p_source_id text, p_unit text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_unit = 'CREDITS' THEN p_source_id ELSE p_source_id || ':' || p_unit END
$$;

-- What nothing leans on of some of a wallet's grants: neither an open hold, in burn order (ledger.md rule 10), nor a debt.
CREATE OR REPLACE FUNCTION wallets_loose_of(p_wallet bigint, p_grants bigint[], p_now timestamptz)
RETURNS TABLE (grant_id bigint, loose bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_grant record;
    v_available bigint;
    v_leaning bigint;
BEGIN
    SELECT greatest(w.balance - w.held, 0), w.held INTO v_available, v_leaning FROM wallets_wallet w
    WHERE w.id = p_wallet;
    FOR v_grant IN
        SELECT g.id, g.remaining, g.expires_at FROM wallets_creditgrant g
        WHERE g.wallet_id = p_wallet AND g.remaining > 0
        ORDER BY g.priority, g.expires_at NULLS LAST, wallets_class_rank(g.funding_class), g.id
    LOOP
        loose := greatest(v_grant.remaining - v_leaning, 0);
        v_leaning := greatest(v_leaning - v_grant.remaining, 0);
        CONTINUE WHEN v_grant.expires_at <= p_now OR v_grant.id <> ALL (p_grants);
        loose := least(loose, v_available);
        v_available := v_available - loose;
        grant_id := v_grant.id;
        IF loose > 0 THEN RETURN NEXT; END IF;
    END LOOP;
END $$;

-- What could be taken back now of the grants that came with some causes.
CREATE OR REPLACE FUNCTION wallets_loose(p_wallet bigint, p_source_type text, p_source_ids text[], p_now timestamptz)
RETURNS TABLE (grant_id bigint, loose bigint) LANGUAGE sql STABLE AS $$
    SELECT l.grant_id, l.loose FROM wallets_loose_of(p_wallet, ARRAY(
        SELECT g.id FROM wallets_wallet w JOIN wallets_creditgrant g ON g.wallet_id = w.id AND g.remaining > 0
        WHERE w.id = p_wallet AND g.source_type = p_source_type
            AND g.source_id = ANY (ARRAY(SELECT wallets_cause(x, w.unit) FROM unnest(p_source_ids) x))
    ), p_now) l
$$;

-- Take it back, once per cause, and answer how much it was: of a repeat, what the first one took.
CREATE OR REPLACE FUNCTION wallets_withdraw(
    p_wallet bigint, p_source_type text, p_source_id text, p_source_ids text[], p_actor text, p_description text,
    p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_unit text;
    v_cause text;
    v_grant record;
    v_taken bigint;
    v_cash bigint;
    v_cash_total bigint := 0;
    v_wallets bigint[] := '{}';
    v_amounts bigint[] := '{}';
BEGIN
    -- Under the wallet's lock: a run has its hold already, or finds the units gone.
    SELECT unit INTO v_unit FROM wallets_wallet WHERE id = p_wallet FOR NO KEY UPDATE;
    v_cause := wallets_cause(p_source_id, v_unit);
    SELECT -e.amount INTO v_taken FROM wallets_transaction t
    JOIN wallets_entry e ON e.transaction_id = t.id AND e.wallet_id = p_wallet
    WHERE t.kind = 'withdrawal' AND t.source_type = p_source_type AND t.source_id = v_cause;
    IF FOUND THEN RETURN v_taken; END IF;
    PERFORM wallets_expire_due(p_wallet, p_now);
    v_taken := 0;
    FOR v_grant IN
        SELECT g.*, l.loose FROM wallets_loose(p_wallet, p_source_type, p_source_ids, p_now) l
        JOIN wallets_creditgrant g ON g.id = l.grant_id
    LOOP
        v_cash := wallets_cash_of(v_grant.cash_remaining, v_grant.loose, v_grant.remaining + v_grant.frozen);
        UPDATE wallets_creditgrant SET remaining = remaining - v_grant.loose, voided = voided + v_grant.loose,
            cash_remaining = cash_remaining - v_cash WHERE id = v_grant.id;
        v_wallets := v_wallets || wallets_issued(v_unit, v_grant.funding_class);
        v_amounts := v_amounts || v_grant.loose;
        v_cash_total := v_cash_total + v_cash;
        v_taken := v_taken + v_grant.loose;
    END LOOP;
    IF v_taken > 0 THEN
        PERFORM wallets_post('withdrawal', p_source_type, v_cause, p_actor, p_description, p_now, p_now,
            v_wallets || ARRAY[p_wallet, wallets_platform('USD', 'deferred'), wallets_platform('USD', 'revenue')],
            v_amounts || ARRAY[-v_taken, -v_cash_total, v_cash_total], NULL);
    END IF;
    RETURN v_taken;
END $$;
