-- Freezing: while a payment is disputed, what is left of its grants is set aside, less what open holds lean on. When the
-- dispute is over it thaws. Frozen credits are in no balance: nothing burns, expires, voids or holds them.

-- Freeze at most p_most of some grants, bonus first, for p_cash USD micros that Stripe took; once per cause. Answers what
-- the cause has frozen.
CREATE OR REPLACE FUNCTION wallets_freeze(
    p_grants bigint[], p_most bigint, p_cash bigint, p_source_type text, p_source_id text, p_actor text,
    p_description text, p_occurred_at timestamptz, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_owners bigint[];
    v_lot record;
    v_take bigint;
    v_frozen bigint := 0;
    v_wallets bigint[] := '{}';
    v_amounts bigint[] := '{}';
BEGIN
    v_owners := wallets_lock_owners(p_grants);
    IF EXISTS (SELECT FROM wallets_transaction WHERE kind = 'dispute_opened' AND source_type = p_source_type
            AND source_id = p_source_id) THEN
        RETURN (SELECT coalesce(sum(amount), 0) FROM wallets_frozenlot
                WHERE source_type = p_source_type AND source_id = p_source_id);
    END IF;
    PERFORM wallets_expire_due(w, p_now) FROM unnest(v_owners) w;
    FOR v_lot IN
        SELECT g.id, g.wallet_id, l.loose
        FROM unnest(v_owners) w CROSS JOIN LATERAL wallets_loose_of(w, p_grants, p_now) l
        JOIN wallets_creditgrant g ON g.id = l.grant_id
        ORDER BY g.funding_class <> 'bonus', g.id
    LOOP
        v_take := least(v_lot.loose, p_most - v_frozen);
        EXIT WHEN v_take <= 0;
        UPDATE wallets_creditgrant SET remaining = remaining - v_take, frozen = frozen + v_take WHERE id = v_lot.id;
        INSERT INTO wallets_frozenlot (grant_id, source_type, source_id, amount, frozen_at)
        VALUES (v_lot.id, p_source_type, p_source_id, v_take, p_now);
        v_wallets := v_wallets || v_lot.wallet_id;
        v_amounts := v_amounts || -v_take;
        v_frozen := v_frozen + v_take;
    END LOOP;
    -- What was spent of them, or is leaned on, is named too: whoever earned of a disputed lot is found by it.
    INSERT INTO wallets_frozenlot (grant_id, source_type, source_id, amount, frozen_at)
    SELECT g, p_source_type, p_source_id, 0, p_now FROM unnest(p_grants) g
    ON CONFLICT (source_type, source_id, grant_id) DO NOTHING;
    PERFORM wallets_post('dispute_opened', p_source_type, p_source_id, p_actor, p_description, p_occurred_at, p_now,
        v_wallets || ARRAY[wallets_platform('CREDITS', 'disputed'),
                           wallets_platform('USD', 'stripe_cash'), wallets_platform('USD', 'disputes')],
        v_amounts || ARRAY[v_frozen, p_cash, -p_cash], NULL);
    RETURN v_frozen;
END $$;

-- Give back what a cause has frozen, once, as a transaction of p_kind; what has expired meanwhile expires then. p_cash
-- leaves the disputes for p_returned that Stripe gave back. Answers what was given back by this call.
CREATE OR REPLACE FUNCTION wallets_thaw(
    p_kind text, p_cash bigint, p_returned bigint, p_source_type text, p_source_id text, p_actor text,
    p_description text, p_occurred_at timestamptz, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_owners bigint[];
    v_lot record;
    v_thawed bigint := 0;
    v_wallets bigint[] := '{}';
    v_amounts bigint[] := '{}';
BEGIN
    v_owners := wallets_lock_owners(ARRAY(
        SELECT grant_id FROM wallets_frozenlot WHERE source_type = p_source_type AND source_id = p_source_id));
    IF EXISTS (SELECT FROM wallets_transaction WHERE kind = p_kind AND source_type = p_source_type
            AND source_id = p_source_id) THEN
        RETURN 0;
    END IF;
    FOR v_lot IN
        UPDATE wallets_frozenlot f SET thawed_at = p_now FROM wallets_creditgrant g
        WHERE f.source_type = p_source_type AND f.source_id = p_source_id AND f.thawed_at IS NULL AND g.id = f.grant_id
        RETURNING g.id, g.wallet_id, g.expires_at, f.amount
    LOOP
        CONTINUE WHEN v_lot.amount = 0;
        UPDATE wallets_creditgrant SET remaining = remaining + v_lot.amount, frozen = frozen - v_lot.amount
        WHERE id = v_lot.id;
        UPDATE wallets_wallet SET next_expiry = least(next_expiry, v_lot.expires_at)
        WHERE id = v_lot.wallet_id AND v_lot.expires_at IS NOT NULL;
        v_wallets := v_wallets || v_lot.wallet_id;
        v_amounts := v_amounts || v_lot.amount;
        v_thawed := v_thawed + v_lot.amount;
    END LOOP;
    IF v_thawed > 0 OR p_cash > 0 THEN
        PERFORM wallets_post(p_kind, p_source_type, p_source_id, p_actor, p_description, p_occurred_at, p_now,
            v_wallets || ARRAY[wallets_platform('CREDITS', 'disputed'),
                               wallets_platform('USD', 'stripe_cash'), wallets_platform('USD', 'disputes')],
            v_amounts || ARRAY[-v_thawed, -p_returned, p_cash], wallets_platform('USD', 'loss'));
    END IF;
    PERFORM wallets_expire_due(w, p_now) FROM unnest(v_owners) w;
    RETURN v_thawed;
END $$;

-- Lock the wallets of some grants, in id order, and name them.
CREATE OR REPLACE FUNCTION wallets_lock_owners(p_grants bigint[]) RETURNS bigint[] LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM (
        SELECT w.id FROM wallets_wallet w
        WHERE w.id = ANY (ARRAY(SELECT g.wallet_id FROM wallets_creditgrant g WHERE g.id = ANY (p_grants)))
        ORDER BY w.id FOR NO KEY UPDATE
    ) locked
$$;
