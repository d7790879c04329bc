-- What is sealed of a transaction: every column of it, its entries and its drawdowns, one JSON array a row. JSON
-- quotes and escapes, so no two contents give the same text; moments are seconds since 1970, free of any time zone.
-- A column that came later ends a row where it is used: rows that were sealed before read as they did then.
CREATE OR REPLACE FUNCTION wallets_sealed_lines(p_transaction bigint)
RETURNS TABLE (lines text[]) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ARRAY[json_build_array('transaction', t.id, t.public_id, t.kind, t.source_type, t.source_id, t.actor,
            t.description, extract(epoch FROM t.occurred_at), extract(epoch FROM t.recorded_at))::text]
        || ARRAY(
            SELECT json_build_array('entry', e.id, e.transaction_id, e.wallet_id, e.unit, e.amount, e.wallet_seq,
                e.balance_after)::text
            FROM wallets_entry e WHERE e.transaction_id = t.id ORDER BY e.id)
        || ARRAY(
            SELECT CASE WHEN d.debt_id IS NULL
                THEN json_build_array('grantdrawdown', d.id, d.grant_id, d.transaction_id, d.amount, d.cash)
                ELSE json_build_array('grantdrawdown', d.id, d.grant_id, d.transaction_id, d.amount, d.cash, d.debt_id)
                END::text
            FROM wallets_grantdrawdown d WHERE d.transaction_id = t.id ORDER BY d.id)
    FROM wallets_transaction t WHERE t.id = p_transaction
$$;
