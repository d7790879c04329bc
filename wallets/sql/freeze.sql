-- Freezing: while a payment is disputed, what is left of its grants is set aside, less what open holds lean on. When the
-- dispute is over it thaws. Frozen credits are in no balance: nothing burns, expires, voids or holds them.

-- Set at most p_most of some grants aside for a cause, bonus first; answers what left which wallets. The caller has locked
-- them, and books it.
CREATE OR REPLACE FUNCTION wallets_freeze_lots(
    p_owners bigint[], p_grants bigint[], p_most bigint, p_source_type text, p_source_id text, p_now timestamptz,
    OUT o_wallets bigint[], OUT o_amounts bigint[], OUT o_frozen bigint
) LANGUAGE plpgsql AS $$
DECLARE
    v_lot record;
    v_take bigint;
BEGIN
    o_wallets := '{}';
    o_amounts := '{}';
    o_frozen := 0;
    PERFORM wallets_expire_due(w, p_now) FROM unnest(p_owners) w;
    FOR v_lot IN
        SELECT g.id, g.wallet_id, l.loose
        FROM unnest(p_owners) w CROSS JOIN LATERAL wallets_loose_of(w, p_grants, p_now) l
        JOIN wallets_creditgrant g ON g.id = l.grant_id
        ORDER BY g.funding_class <> 'bonus', g.id
    LOOP
        v_take := least(v_lot.loose, p_most - o_frozen);
        EXIT WHEN v_take <= 0;
        UPDATE wallets_creditgrant SET remaining = remaining - v_take, frozen = frozen + v_take WHERE id = v_lot.id;
        INSERT INTO wallets_frozenlot AS f (grant_id, source_type, source_id, amount, frozen_at)
        VALUES (v_lot.id, p_source_type, p_source_id, v_take, p_now)
        ON CONFLICT (source_type, source_id, grant_id) DO UPDATE SET amount = f.amount + excluded.amount;
        o_wallets := o_wallets || v_lot.wallet_id;
        o_amounts := o_amounts || -v_take;
        o_frozen := o_frozen + v_take;
    END LOOP;
END $$;

-- Freeze at most p_most of some grants for p_cash USD micros that Stripe took; once per cause. Answers what the cause has
-- frozen.
CREATE OR REPLACE FUNCTION wallets_freeze(
    p_grants bigint[], p_most bigint, p_cash bigint, p_source_type text, p_source_id text, p_actor text,
    p_description text, p_occurred_at timestamptz, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_owners bigint[];
    v_lots record;
BEGIN
    v_owners := wallets_lock_owners(p_grants);
    IF EXISTS (SELECT FROM wallets_transaction WHERE kind = 'dispute_opened' AND source_type = p_source_type
            AND source_id = p_source_id) THEN
        RETURN (SELECT coalesce(sum(amount), 0) FROM wallets_frozenlot
                WHERE source_type = p_source_type AND source_id = p_source_id);
    END IF;
    SELECT * INTO v_lots FROM wallets_freeze_lots(v_owners, p_grants, p_most, p_source_type, p_source_id, p_now);
    -- What was spent of them, or is leaned on, is named too: whoever earned of a disputed lot is found by it.
    INSERT INTO wallets_frozenlot (grant_id, source_type, source_id, amount, frozen_at)
    SELECT g, p_source_type, p_source_id, 0, p_now FROM unnest(p_grants) g
    ON CONFLICT (source_type, source_id, grant_id) DO NOTHING;
    PERFORM wallets_post('dispute_opened', p_source_type, p_source_id, p_actor, p_description, p_occurred_at, p_now,
        v_lots.o_wallets || ARRAY[wallets_platform('CREDITS', 'disputed'),
                                  wallets_platform('USD', 'stripe_cash'), wallets_platform('USD', 'disputes')],
        v_lots.o_amounts || ARRAY[v_lots.o_frozen, p_cash, -p_cash], NULL);
    RETURN v_lots.o_frozen;
END $$;

-- Freeze what has come free since of a cause's grants, for a hold that leaned on it is closed: at most p_most, as often as
-- there is some while the cause stands. Answers what this call froze.
CREATE OR REPLACE FUNCTION wallets_freeze_freed(
    p_most bigint, p_source_type text, p_source_id text, p_actor text, p_description text, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_owners bigint[];
    v_grants bigint[];
    v_before bigint;
    v_lots record;
BEGIN
    v_owners := wallets_lock_owners(ARRAY(
        SELECT grant_id FROM wallets_frozenlot WHERE source_type = p_source_type AND source_id = p_source_id));
    -- Read under the lock: what thawed meanwhile stays free.
    SELECT array_agg(grant_id), sum(amount)::bigint INTO v_grants, v_before FROM wallets_frozenlot
    WHERE source_type = p_source_type AND source_id = p_source_id AND thawed_at IS NULL;
    IF v_grants IS NULL THEN RETURN 0; END IF;
    SELECT * INTO v_lots FROM wallets_freeze_lots(v_owners, v_grants, p_most, p_source_type, p_source_id, p_now);
    IF v_lots.o_frozen > 0 THEN
        -- What had been frozen before numbers the parts.
        PERFORM wallets_post('dispute_frozen', p_source_type, p_source_id || ':' || v_before, p_actor, p_description,
            p_now, p_now, v_lots.o_wallets || wallets_platform('CREDITS', 'disputed'),
            v_lots.o_amounts || v_lots.o_frozen, NULL);
    END IF;
    RETURN v_lots.o_frozen;
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
