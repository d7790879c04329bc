-- Many holds in one call.

-- Lock wallets in the one order that everybody keeps who locks more than one.
CREATE OR REPLACE FUNCTION wallets_lock(p_wallets bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM wallets_wallet WHERE id = ANY(p_wallets) ORDER BY id FOR NO KEY UPDATE;
END $$;

-- Place holds in the order of the arrays, each on the first of its two wallets (the second is the customer's own)
-- that covers it: one by one wallets_hold_place comes to the same. Of a group only the first that is covered is
-- placed; those after it name it in o_instead. Nothing is held for 0. What is not to be tried only reads. Where an
-- amount of a quota is asked for too, both are held or neither.
CREATE OR REPLACE FUNCTION wallets_hold_place_many(
    p_scoped bigint[], p_own bigint[], p_amounts bigint[], p_groups int[], p_tries boolean[],
    p_source_type text, p_source_ids text[], p_public_ids text[],
    p_quotas bigint[], p_quota_amounts bigint[], p_quota_public_ids text[],
    p_expires_at timestamptz[], p_now timestamptz
) RETURNS TABLE (
    o_place int, o_placed boolean, o_instead int, o_hold bigint, o_wallet bigint, o_available bigint,
    o_quota_hold bigint, o_quota bigint
) LANGUAGE plpgsql AS $$
DECLARE
    v_wallets bigint[];
    v_left bigint[];
    v_due boolean[];
    v_taken bigint[];
    v_tried boolean[];
    v_first int[];
    v_holds bigint[];
    v_placed_on bigint[];
    v_scoped int;
    v_own int;
    v_quota int;
    v_chosen int;
    v_quota_holds bigint[];
BEGIN
    PERFORM wallets_lock(array_agg(w))
    FROM unnest(p_scoped, p_own, p_quotas, p_amounts, p_tries) AS i(scoped, own, quota, amount, try)
    CROSS JOIN LATERAL (VALUES (i.scoped), (i.own), (i.quota)) AS of_all(w)
    WHERE i.try AND (i.amount > 0 OR i.quota IS NOT NULL);
    -- A statement of its own: it sees what was committed while we waited.
    SELECT array_agg(w.id ORDER BY w.id),
        array_agg(CASE WHEN w.next_expiry <= p_now THEN wallets_available(w.id, p_now)
            ELSE w.balance - w.held + w.overdraft_limit END ORDER BY w.id),
        array_agg(coalesce(w.next_expiry <= p_now, false) ORDER BY w.id),
        array_agg(0::bigint), array_agg(false)
    INTO v_wallets, v_left, v_due, v_taken, v_tried
    FROM wallets_wallet w WHERE w.id = ANY(p_scoped || p_own || p_quotas);
    v_first := array_fill(NULL::int, ARRAY[cardinality(p_amounts)]);
    v_holds := array_fill(NULL::bigint, ARRAY[cardinality(p_amounts)]);
    v_placed_on := v_holds;
    v_quota_holds := v_holds;

    FOR i IN 1 .. cardinality(p_amounts) LOOP
        o_place := i;
        o_placed := false;
        o_instead := v_first[p_groups[i]];
        o_hold := NULL;
        o_quota_hold := NULL;
        o_wallet := p_own[i];
        -- Where a wallet stands in the sorted array.
        v_scoped := width_bucket(p_scoped[i], v_wallets);
        v_own := width_bucket(p_own[i], v_wallets);
        v_quota := width_bucket(p_quotas[i], v_wallets);
        o_quota := coalesce(v_left[v_quota], 0);
        o_available := coalesce(greatest(v_left[v_scoped], v_left[v_own]), 0);
        IF o_instead IS NULL AND p_tries[i] AND o_available >= p_amounts[i] AND o_quota >= p_quota_amounts[i] THEN
            o_placed := true;
            v_first[p_groups[i]] := i;
            IF p_quota_amounts[i] > 0 THEN
                v_tried[v_quota] := true;
                v_left[v_quota] := v_left[v_quota] - p_quota_amounts[i];
                v_taken[v_quota] := v_taken[v_quota] + p_quota_amounts[i];
                v_quota_holds[i] := nextval('wallets_hold_id_seq');
                o_quota_hold := v_quota_holds[i];
                o_quota := v_left[v_quota];
            END IF;
            IF p_amounts[i] > 0 THEN
                IF v_scoped IS NOT NULL THEN v_tried[v_scoped] := true; END IF;
                v_chosen := CASE WHEN v_left[v_scoped] >= p_amounts[i] THEN v_scoped ELSE v_own END;
                v_tried[v_chosen] := true;
                v_left[v_chosen] := v_left[v_chosen] - p_amounts[i];
                v_taken[v_chosen] := v_taken[v_chosen] + p_amounts[i];
                v_placed_on[i] := v_wallets[v_chosen];
                v_holds[i] := nextval('wallets_hold_id_seq');
                o_hold := v_holds[i];
                o_wallet := v_placed_on[i];
                o_available := v_left[v_chosen];
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;

    -- Due grants expire before the holds are there: what is due is never more than what is available.
    PERFORM wallets_expire_due(w.id, p_now) FROM (
        SELECT t.id FROM unnest(v_wallets, v_due, v_tried) AS t(id, due, tried) WHERE t.due AND t.tried ORDER BY t.id) w;
    UPDATE wallets_wallet w SET held = w.held + t.amount
    FROM unnest(v_wallets, v_taken) AS t(id, amount) WHERE w.id = t.id AND t.amount > 0;
    INSERT INTO wallets_hold (id, public_id, wallet_id, amount, state, source_type, source_id, opened_at, expires_at)
    SELECT h.id, h.public_id, h.wallet, h.amount, 'open', p_source_type, h.source_id, p_now, h.expires_at
    FROM unnest(v_holds, p_public_ids, v_placed_on, p_amounts, p_source_ids, p_expires_at)
        AS h(id, public_id, wallet, amount, source_id, expires_at)
    WHERE h.id IS NOT NULL;
    INSERT INTO wallets_hold (id, public_id, wallet_id, amount, state, source_type, source_id, opened_at, expires_at)
    SELECT h.id, h.public_id, h.wallet, h.amount, 'open', 'quota', h.source_id, p_now, h.expires_at
    FROM unnest(v_quota_holds, p_quota_public_ids, p_quotas, p_quota_amounts, p_source_ids, p_expires_at)
        AS h(id, public_id, wallet, amount, source_id, expires_at)
    WHERE h.id IS NOT NULL;
END $$;
