-- Give an owner's wallet, opening it the first time; for SQL that pays somebody who may never have been paid before.
CREATE OR REPLACE FUNCTION wallets_open(
    p_owner_type text, p_owner_id bigint, p_unit text, p_kind text, p_scope text, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_id bigint;
BEGIN
    SELECT id INTO v_id FROM wallets_wallet WHERE owner_type = p_owner_type AND owner_id = p_owner_id
        AND unit = p_unit AND kind = p_kind AND scope = p_scope;
    IF v_id IS NULL THEN
        INSERT INTO wallets_wallet (public_id, owner_type, owner_id, unit, kind, scope, balance, held,
            overdraft_limit, arrears_allowance, seq, created_at)
        VALUES (public_id('wal_'), p_owner_type, p_owner_id, p_unit, p_kind, p_scope, 0, 0,
            CASE WHEN p_owner_type <> 'platform' THEN 0 END, 0, 0, p_now)
        -- Somebody else may be opening it now: then theirs is the one.
        ON CONFLICT (owner_type, owner_id, unit, kind, scope) DO UPDATE SET seq = wallets_wallet.seq
        RETURNING id INTO v_id;
    END IF;
    RETURN v_id;
END $$;
