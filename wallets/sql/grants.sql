-- Grants: adding, taking in burn order, expiry. Whoever changes a grant has locked its wallet's row first.

CREATE OR REPLACE FUNCTION wallets_grant_add(
    p_wallet bigint, p_funding_class text, p_amount bigint, p_cash bigint, p_priority int,
    p_expires_at timestamptz, p_source_type text, p_source_id text, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_id bigint;
BEGIN
    INSERT INTO wallets_creditgrant
        (public_id, wallet_id, funding_class, amount, remaining, burned, expired, voided, frozen,
         cash, cash_remaining, priority, expires_at, source_type, source_id, created_at)
    VALUES (public_id('grt_'), p_wallet, p_funding_class, p_amount, p_amount, 0, 0, 0, 0,
            p_cash, p_cash, p_priority, p_expires_at, p_source_type, p_source_id, p_now)
    RETURNING id INTO v_id;
    UPDATE wallets_wallet SET next_expiry = least(next_expiry, p_expires_at)
    WHERE id = p_wallet AND p_expires_at IS NOT NULL;
    IF p_funding_class = 'paid' THEN PERFORM wallets_debts_pay(v_id, p_now); END IF;
    RETURN v_id;
END $$;

CREATE OR REPLACE FUNCTION wallets_class_rank(p_funding_class text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT array_position(ARRAY['plan', 'promo', 'bonus', 'adjustment', 'paid'], p_funding_class)
$$;

-- Cash that leaves with p_take of a grant: in proportion, and the last credit takes all.
CREATE OR REPLACE FUNCTION wallets_cash_of(p_cash_remaining bigint, p_take bigint, p_left bigint)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT div(p_cash_remaining::numeric * p_take, p_left)::bigint $$;

-- What is due to expire now. Holds opened before a grant's expiry lean on grants in burn order; what they lean on
-- stays until they close (ledger.md rule 10). Never takes more than is available.
CREATE OR REPLACE FUNCTION wallets_due(p_wallet bigint, p_now timestamptz)
RETURNS TABLE (grant_id bigint, due bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_grant record;
    v_available bigint;
    v_ahead bigint := 0;
    v_leaning bigint;
BEGIN
    SELECT greatest(w.balance - w.held, 0) INTO v_available FROM wallets_wallet w WHERE w.id = p_wallet;
    FOR v_grant IN
        SELECT g.id, g.remaining, g.expires_at FROM wallets_creditgrant g
        WHERE g.wallet_id = p_wallet AND g.remaining > 0
        ORDER BY g.priority, g.expires_at NULLS LAST, wallets_class_rank(g.funding_class), g.id
    LOOP
        due := 0;
        IF v_grant.expires_at <= p_now THEN
            SELECT coalesce(sum(h.amount), 0) INTO v_leaning FROM wallets_hold h
            WHERE h.wallet_id = p_wallet AND h.state = 'open' AND h.opened_at < v_grant.expires_at;
            due := v_grant.remaining - least(v_grant.remaining, greatest(v_leaning - v_ahead, 0));
            due := least(due, v_available);
            v_available := v_available - due;
            grant_id := v_grant.id;
            IF due > 0 THEN RETURN NEXT; END IF;
        END IF;
        v_ahead := v_ahead + v_grant.remaining - due;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION wallets_expire_due(p_wallet bigint, p_now timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_due record;
    v_cash bigint;
    v_unit text;
    v_total bigint := 0;
BEGIN
    SELECT unit INTO v_unit FROM wallets_wallet WHERE id = p_wallet FOR NO KEY UPDATE;
    FOR v_due IN
        SELECT g.*, d.due FROM wallets_due(p_wallet, p_now) d JOIN wallets_creditgrant g ON g.id = d.grant_id
    LOOP
        v_cash := wallets_cash_of(v_due.cash_remaining, v_due.due, v_due.remaining + v_due.frozen);
        UPDATE wallets_creditgrant SET remaining = remaining - v_due.due, expired = expired + v_due.due,
            cash_remaining = cash_remaining - v_cash WHERE id = v_due.id;
        -- A grant may expire in parts, as holds that lean on it close: what had expired before numbers them.
        PERFORM wallets_post('expiry', 'grant', v_due.public_id || ':' || v_due.expired, 'system', '',
            v_due.expires_at, p_now,
            ARRAY[p_wallet, wallets_lapsed(v_unit),
                  wallets_platform('USD', 'deferred'), wallets_platform('USD', 'breakage')],
            ARRAY[-v_due.due, v_due.due, -v_cash, v_cash], NULL);
        v_total := v_total + v_due.due;
    END LOOP;
    UPDATE wallets_wallet SET next_expiry = (
        SELECT min(expires_at) FROM wallets_creditgrant WHERE wallet_id = p_wallet AND remaining > 0)
    WHERE id = p_wallet;
    RETURN v_total;
END $$;

-- What a settlement burned: of which grants, and what no grant covered as class overage.
CREATE OR REPLACE FUNCTION wallets_drawn(p_transaction bigint)
RETURNS TABLE (grant_id bigint, funding_class text, amount bigint, cash bigint, grant_cash bigint,
               source_type text, source_id text) LANGUAGE sql STABLE AS $$
    SELECT g.id, coalesce(g.funding_class, 'overage')::text, d.amount, d.cash, g.cash, g.source_type::text, g.source_id::text
    FROM wallets_grantdrawdown d LEFT JOIN wallets_creditgrant g ON g.id = d.grant_id
    WHERE d.transaction_id = p_transaction
$$;

-- Take p_amount back from grants in burn order (a staff adjustment down); only what is available.
CREATE OR REPLACE FUNCTION wallets_void(
    p_wallet bigint, p_amount bigint, p_source_type text, p_source_id text, p_actor text, p_description text,
    p_now timestamptz, OUT o_transaction bigint, OUT o_replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_grant record;
    v_available bigint;
    v_left bigint := p_amount;
    v_take bigint;
    v_cash bigint;
    v_cash_total bigint := 0;
    v_wallets bigint[] := ARRAY[p_wallet];
    v_amounts bigint[] := ARRAY[-p_amount];
BEGIN
    -- Looked up under the lock: of two at once the second finds what the first has done, and takes nothing.
    PERFORM 1 FROM wallets_wallet WHERE id = p_wallet FOR NO KEY UPDATE;
    SELECT id INTO o_transaction FROM wallets_transaction
    WHERE kind = 'adjustment' AND source_type = p_source_type AND source_id = p_source_id;
    o_replayed := o_transaction IS NOT NULL;
    IF o_replayed THEN RETURN; END IF;
    PERFORM wallets_expire_due(p_wallet, p_now);
    SELECT balance - held INTO v_available FROM wallets_wallet WHERE id = p_wallet;
    IF p_amount <= 0 OR p_amount > v_available THEN
        RAISE EXCEPTION 'only % of wallet % is available', v_available, p_wallet USING ERRCODE = 'FB402';
    END IF;
    FOR v_grant IN
        SELECT * FROM wallets_creditgrant
        WHERE wallet_id = p_wallet AND remaining > 0 AND (expires_at IS NULL OR expires_at > p_now)
        ORDER BY priority, expires_at NULLS LAST, wallets_class_rank(funding_class), id
    LOOP
        v_take := least(v_grant.remaining, v_left);
        v_cash := wallets_cash_of(v_grant.cash_remaining, v_take, v_grant.remaining + v_grant.frozen);
        UPDATE wallets_creditgrant SET remaining = remaining - v_take, voided = voided + v_take,
            cash_remaining = cash_remaining - v_cash WHERE id = v_grant.id;
        v_wallets := v_wallets || wallets_platform('CREDITS', 'issued.' || v_grant.funding_class);
        v_amounts := v_amounts || v_take;
        v_cash_total := v_cash_total + v_cash;
        v_left := v_left - v_take;
        EXIT WHEN v_left = 0;
    END LOOP;
    SELECT p.o_transaction INTO o_transaction FROM wallets_post(
        'adjustment', p_source_type, p_source_id, p_actor, p_description, p_now, p_now,
        v_wallets || ARRAY[wallets_platform('USD', 'deferred'), wallets_platform('USD', 'revenue')],
        v_amounts || ARRAY[-v_cash_total, v_cash_total], NULL) p;
END $$;
