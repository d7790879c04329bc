-- What a customer has: its own wallet's figures on every row, beside each grant with something left; the grants of its
-- scoped wallets too. No row when the wallet was never opened. plpgsql keeps the plan, which costs more than the reads.
CREATE OR REPLACE FUNCTION wallets_balance(p_customer bigint, p_now timestamptz) RETURNS TABLE (
    o_wallet varchar, o_balance bigint, o_held bigint,
    o_grant varchar, o_funding_class varchar, o_scope varchar, o_remaining bigint, o_expires_at timestamptz
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_own record;
BEGIN
    SELECT w.public_id, w.held, CASE WHEN w.next_expiry <= p_now
        THEN wallets_available(w.id, p_now) + w.held - w.overdraft_limit ELSE w.balance END AS balance
    INTO v_own FROM wallets_wallet w
    WHERE w.owner_type = 'consumer' AND w.owner_id = p_customer AND w.unit = 'CREDITS' AND w.kind = 'wallet'
        AND w.scope = '';
    IF NOT FOUND THEN RETURN; END IF;
    RETURN QUERY
    SELECT v_own.public_id, v_own.balance, v_own.held,
        g.public_id, g.funding_class, g.scope, g.remaining, g.expires_at
    FROM (VALUES (1)) AS always(one) LEFT JOIN LATERAL (
        SELECT c.id, c.public_id, c.funding_class, w.scope, c.remaining, c.expires_at
        FROM wallets_wallet w JOIN wallets_creditgrant c ON c.wallet_id = w.id
        WHERE w.owner_type = 'consumer' AND w.owner_id = p_customer AND w.unit = 'CREDITS' AND w.kind = 'wallet'
            AND c.remaining > 0 AND (c.expires_at IS NULL OR c.expires_at > p_now)
    ) g ON true
    ORDER BY g.expires_at NULLS LAST, g.id;
END $$;
