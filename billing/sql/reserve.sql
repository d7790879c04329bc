-- Reserve: the first step of an execution, in one call that commits by itself.

-- Who pays, by public id or external id, and the wallets that may pay in burn order: credits good on this creator's
-- agents only, then the customer's own.
CREATE OR REPLACE FUNCTION billing_payer(p_caller text, p_creator text, OUT o_customer bigint, OUT o_wallets bigint[])
LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT id INTO o_customer FROM accounts_customer WHERE public_id = p_caller;
    IF o_customer IS NULL THEN
        SELECT id INTO o_customer FROM accounts_customer WHERE external_id = p_caller;
    END IF;
    SELECT coalesce(array_agg(id ORDER BY scope DESC), '{}') INTO o_wallets FROM wallets_wallet
    WHERE owner_type = 'consumer' AND owner_id = o_customer AND unit = 'CREDITS' AND kind = 'wallet'
        AND scope IN ('', p_creator);
END $$;

-- The most that one of the wallets could hold now.
CREATE OR REPLACE FUNCTION billing_most_available(p_wallets bigint[], p_now timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$ SELECT coalesce(max(wallets_available(w, p_now)), 0) FROM unnest(p_wallets) w $$;

-- o_answer: new, replayed, key_reused, no_customer or insufficient (then nothing is written).
CREATE OR REPLACE FUNCTION billing_reserve(
    p_source text, p_principal text, p_key text, p_fingerprint bytea, p_public_id text, p_hold_public_id text,
    p_caller text, p_creator text, p_agent bigint, p_version bigint, p_amount bigint, p_estimate bigint,
    p_max_charge bigint, p_usage jsonb, p_model text, p_caller_key text, p_end_user text, p_own_key boolean,
    p_expires_at timestamptz, p_now timestamptz,
    OUT o_answer text, OUT o_execution text, OUT o_hold text, OUT o_estimate bigint, OUT o_available bigint,
    OUT o_expires_at timestamptz, OUT o_version text
) LANGUAGE plpgsql AS $$
DECLARE
    v_customer bigint;
    v_wallets bigint[];
    v_id bigint;
    v_hold record;
    v_found record;
BEGIN
    -- The key first: a replay must not wait for the wallet, nor be refused for want of funds.
    LOOP
        IF p_key IS NOT NULL THEN
            SELECT e.*, h.public_id AS hold_public_id, v.public_id AS version_public_id INTO v_found
            FROM billing_execution e JOIN marketplace_planversion v ON v.id = e.version_id
            LEFT JOIN wallets_hold h ON h.id = e.hold_id
            WHERE e.principal = p_principal AND e.idempotency_key = p_key;
            IF FOUND THEN
                o_answer := CASE WHEN v_found.fingerprint = p_fingerprint THEN 'replayed' ELSE 'key_reused' END;
                o_execution := v_found.public_id;
                o_hold := v_found.hold_public_id;
                o_estimate := v_found.estimate;
                o_available := v_found.available_after_reserve;
                o_expires_at := v_found.expires_at;
                o_version := v_found.version_public_id;
                RETURN;
            END IF;
        END IF;

        IF v_customer IS NULL THEN
            SELECT p.o_customer, p.o_wallets INTO v_customer, v_wallets FROM billing_payer(p_caller, p_creator) p;
            IF v_customer IS NULL THEN o_answer := 'no_customer'; RETURN; END IF;
        END IF;

        -- Without a lock: who is clearly short is told so before anything is written.
        o_available := billing_most_available(v_wallets, p_now);
        IF p_amount > 0 AND o_available < p_amount THEN o_answer := 'insufficient'; RETURN; END IF;

        -- A concurrent duplicate waits here, then finds the key above.
        INSERT INTO billing_execution (
            public_id, state, source, principal, customer_id, agent_id, version_id, wallet_id, caller_key, end_user,
            own_key, model, idempotency_key, fingerprint, estimate, max_charge, quoted_usage,
            available_after_reserve, opened_at, expires_at)
        VALUES (p_public_id, 'reserved', p_source, p_principal, v_customer, p_agent, p_version,
            v_wallets[array_upper(v_wallets, 1)], p_caller_key, p_end_user, p_own_key, p_model, p_key, p_fingerprint,
            p_estimate, p_max_charge, p_usage, o_available, p_now, p_expires_at)
        ON CONFLICT (principal, idempotency_key) DO NOTHING
        RETURNING id INTO v_id;
        EXIT WHEN v_id IS NOT NULL;
    END LOOP;

    o_answer := 'new';
    o_execution := p_public_id;
    o_estimate := p_estimate;
    o_expires_at := p_expires_at;
    IF p_amount = 0 THEN RETURN; END IF;

    -- The wallet's row is locked last: that lock is held for the commit only.
    SELECT * INTO v_hold FROM wallets_hold_place(
        v_wallets, p_amount, 'execution', p_public_id, p_hold_public_id, p_expires_at, p_now);
    o_available := v_hold.available;
    IF v_hold.hold_id IS NULL THEN
        -- Somebody else was faster. Taking the row back lets a waiting duplicate try for itself.
        DELETE FROM billing_execution WHERE id = v_id;
        o_answer := 'insufficient';
        RETURN;
    END IF;
    o_hold := p_hold_public_id;
    UPDATE billing_execution SET hold_id = v_hold.hold_id, wallet_id = v_hold.wallet_id, held = p_amount,
        available_after_reserve = v_hold.available WHERE id = v_id;
END $$;
