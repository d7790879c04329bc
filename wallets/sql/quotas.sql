-- Quotas: a wallet whose unit is a meter, in micros of it. Its units come from the platform's `issued`, go to `used` when
-- runs take them, and to `expired` at the period's end.

-- A customer's quota of a unit; null when it has none.
CREATE OR REPLACE FUNCTION wallets_quota(p_customer bigint, p_unit text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT id FROM wallets_wallet
    WHERE owner_type = 'consumer' AND owner_id = p_customer AND unit = p_unit AND kind = 'wallet' AND scope = ''
$$;

-- Open it, and the platform's side of the unit.
CREATE OR REPLACE FUNCTION wallets_quota_open(p_customer bigint, p_unit text, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    IF p_unit !~ '^[A-Z][A-Z0-9_]{0,19}$' OR p_unit IN ('CREDITS', 'USD') THEN
        RAISE EXCEPTION '% is no meter''s unit', p_unit USING ERRCODE = 'FB002';
    END IF;
    PERFORM wallets_open('platform', 0, p_unit, k, '', p_now) FROM unnest(ARRAY['expired', 'issued', 'used']) k;
    RETURN wallets_open('consumer', p_customer, p_unit, 'wallet', '', p_now);
END $$;

-- Fill it for a period; once per source.
CREATE OR REPLACE FUNCTION wallets_quota_grant(
    p_customer bigint, p_unit text, p_amount bigint, p_source_type text, p_source_id text, p_actor text,
    p_expires_at timestamptz, p_now timestamptz, OUT o_transaction bigint, OUT o_replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_wallet bigint := wallets_quota_open(p_customer, p_unit, p_now);
    -- One cause may fill several quotas, and give credits too.
    v_source text := p_source_id || ':' || p_unit;
BEGIN
    SELECT p.o_transaction, p.o_replayed INTO o_transaction, o_replayed FROM wallets_post(
        'quota_grant', p_source_type, v_source, p_actor, '', p_now, p_now,
        ARRAY[wallets_platform(p_unit, 'issued'), v_wallet], ARRAY[-p_amount, p_amount], NULL) p;
    IF NOT o_replayed THEN
        PERFORM wallets_grant_add(v_wallet, 'plan', p_amount, 0, 0, p_expires_at, p_source_type, v_source, p_now);
    END IF;
END $$;
