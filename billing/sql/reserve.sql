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

-- What a process remembers, put to the test in the statement that builds on it: one row, the time, when the key still
-- opens and this version is what a run of the caller's would be held to; none when the process must read again.
CREATE OR REPLACE FUNCTION billing_still(
    p_digest bytea, p_agent text, p_caller text, p_version text, p_now timestamptz
) RETURNS SETOF timestamptz LANGUAGE plpgsql STABLE ROWS 1 AS $$
DECLARE
    v_found record;
BEGIN
    PERFORM 1 FROM accounts_apikey
    WHERE digest = p_digest AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > p_now);
    IF NOT FOUND THEN RETURN; END IF;
    SELECT a.id AS agent, v.public_id AS version, v.pricing_model INTO v_found
    FROM marketplace_agent a JOIN marketplace_plan p ON p.agent_id = a.id
    CROSS JOIN LATERAL (
        SELECT o.public_id, o.pricing_model FROM marketplace_planversion o
        WHERE o.plan_id = p.id AND o.effective_from <= p_now
        ORDER BY o.effective_from DESC, o.number DESC LIMIT 1
    ) v
    WHERE (a.slug = p_agent OR a.public_id = p_agent) AND a.status = 'published';
    IF v_found.pricing_model = 'subscription' THEN
        SELECT v.public_id INTO v_found.version
        FROM accounts_customer c JOIN billing_subscription s ON s.customer_id = c.id
        JOIN marketplace_planversion v ON v.id = s.version_id
        WHERE (c.public_id = p_caller OR c.external_id = p_caller) AND s.agent_id = v_found.agent
            AND s.state = 'active' AND s.current_period_end > p_now;
    END IF;
    IF v_found.version = p_version THEN RETURN NEXT p_now; END IF;
END $$;

-- How many more runs a customer may open now; null: as many as it likes, as nearly everybody.
CREATE OR REPLACE FUNCTION billing_slots_left(p_customer bigint, p_now timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT l.most - (
        SELECT count(*) FROM billing_execution e
        WHERE e.customer_id = p_customer AND e.counts_at_once AND e.state IN ('reserved', 'running')
            AND e.expires_at > p_now)
    FROM billing_runlimit l WHERE l.customer_id = p_customer
$$;

-- o_answer: new, replayed, key_reused, no_customer, concurrency, insufficient or quota (then nothing is written). A version may ask
-- for a quota beside the credits: p_quota micros of p_quota_unit; o_quota is what is left of it.
CREATE OR REPLACE FUNCTION billing_reserve(
    p_source text, p_principal text, p_key text, p_fingerprint bytea, p_public_id text, p_hold_public_id text,
    p_caller text, p_creator text, p_agent bigint, p_version bigint, p_amount bigint, p_estimate bigint,
    p_max_charge bigint, p_usage jsonb, p_model text, p_caller_key text, p_end_user text, p_own_key boolean,
    p_expires_at timestamptz, p_now timestamptz,
    p_quota_unit text DEFAULT '', p_quota bigint DEFAULT 0, p_quota_hold_public_id text DEFAULT NULL,
    OUT o_answer text, OUT o_execution text, OUT o_hold text, OUT o_estimate bigint, OUT o_available bigint,
    OUT o_expires_at timestamptz, OUT o_version text, OUT o_quota bigint
) LANGUAGE plpgsql AS $$
DECLARE
    v_customer bigint;
    v_wallets bigint[];
    v_id bigint;
    v_hold record;
    v_quota bigint;
    v_quota_hold record;
    v_slots bigint;
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
        IF p_quota > 0 THEN
            v_quota := wallets_quota(v_customer, p_quota_unit);
            o_quota := coalesce(wallets_available(v_quota, p_now), 0);
            IF o_quota < p_quota THEN o_answer := 'quota'; RETURN; END IF;
        END IF;

        v_slots := billing_slots_left(v_customer, p_now);
        IF v_slots IS NOT NULL THEN
            -- Who has such a limit takes turns: a place that two see free is given to one of them. No row is locked, so
            -- that a change of plan, which holds wallets, waits for nobody here.
            PERFORM pg_advisory_xact_lock(hashtextextended('billing_runs_at_once', v_customer));
            v_slots := billing_slots_left(v_customer, p_now);
            IF v_slots < 1 THEN
                -- The last place may be that of a concurrent duplicate.
                CONTINUE WHEN EXISTS (SELECT FROM billing_execution
                    WHERE principal = p_principal AND idempotency_key = p_key);
                o_answer := 'concurrency';
                RETURN;
            END IF;
        END IF;

        -- A concurrent duplicate waits here, then finds the key above.
        INSERT INTO billing_execution (
            public_id, state, source, principal, customer_id, agent_id, version_id, wallet_id, caller_key, end_user,
            own_key, model, idempotency_key, fingerprint, estimate, max_charge, quoted_usage,
            available_after_reserve, opened_at, expires_at, quota_wallet_id, counts_at_once)
        VALUES (p_public_id, 'reserved', p_source, p_principal, v_customer, p_agent, p_version,
            v_wallets[array_upper(v_wallets, 1)], p_caller_key, p_end_user, p_own_key, p_model, p_key, p_fingerprint,
            p_estimate, p_max_charge, p_usage, o_available, p_now, p_expires_at, v_quota, v_slots IS NOT NULL)
        ON CONFLICT (principal, idempotency_key) DO NOTHING
        RETURNING id INTO v_id;
        EXIT WHEN v_id IS NOT NULL;
    END LOOP;

    o_answer := 'new';
    o_execution := p_public_id;
    o_estimate := p_estimate;
    o_expires_at := p_expires_at;
    IF p_amount = 0 AND v_quota IS NULL THEN RETURN; END IF;

    -- The wallet's row is locked last: that lock is held for the commit only.
    IF cardinality(v_wallets) > 1 OR v_quota IS NOT NULL THEN PERFORM wallets_lock(v_wallets || v_quota); END IF;
    IF v_quota IS NOT NULL THEN
        -- Locked, both say what holds: neither is held when one of them is short.
        o_quota := wallets_available(v_quota, p_now);
        o_available := billing_most_available(v_wallets, p_now);
        IF (p_amount > 0 AND o_available < p_amount) OR o_quota < p_quota THEN
            DELETE FROM billing_execution WHERE id = v_id;
            o_answer := CASE WHEN o_quota < p_quota THEN 'quota' ELSE 'insufficient' END;
            RETURN;
        END IF;
        SELECT * INTO v_quota_hold FROM wallets_hold_place(
            ARRAY[v_quota], p_quota, 'quota', p_public_id, p_quota_hold_public_id, p_expires_at, p_now);
        o_quota := v_quota_hold.available;
        UPDATE billing_execution SET quota_hold_id = v_quota_hold.hold_id, quota_held = p_quota,
            available_after_reserve = o_available WHERE id = v_id;
        IF p_amount = 0 THEN RETURN; END IF;
    END IF;
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

-- The items of a batch, numbered as they were sent.
CREATE OR REPLACE FUNCTION billing_reserve_items(p_items jsonb) RETURNS TABLE (
    source text, principal text, key text, fingerprint bytea, public_id text, hold_public_id text, caller text,
    creator text, agent bigint, version bigint, amount bigint, estimate bigint, max_charge bigint, usage jsonb,
    model text, caller_key text, end_user text, own_key boolean, expires_at timestamptz, quota_unit text, quota bigint,
    quota_hold_public_id text, place bigint
) LANGUAGE sql IMMUTABLE AS $$
    SELECT * FROM ROWS FROM (jsonb_to_recordset(p_items) AS (
        source text, principal text, key text, fingerprint bytea, public_id text, hold_public_id text, caller text,
        creator text, agent bigint, version bigint, amount bigint, estimate bigint, max_charge bigint, usage jsonb,
        model text, caller_key text, end_user text, own_key boolean, expires_at timestamptz, quota_unit text,
        quota bigint, quota_hold_public_id text
    )) WITH ORDINALITY
$$;

-- Reserve many runs in one transaction: each answer is what billing_reserve would give, called for one after the other
-- in the order sent, but each table is written once for all of them. Locks: keys in order, then wallets in order.
-- A batch with a customer whose runs at a time are limited is not for it: it answers one_by_one, and writes nothing.
CREATE OR REPLACE FUNCTION billing_reserve_many(p_items jsonb, p_now timestamptz) RETURNS TABLE (
    o_answer text, o_execution text, o_hold text, o_estimate bigint, o_available bigint, o_expires_at timestamptz,
    o_version text, o_quota bigint
) LANGUAGE plpgsql
-- A table that was small when a plan was made grows: every look goes by an index.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    -- One element for each item, in the order sent.
    v_customers bigint[] := array_fill(NULL::bigint, ARRAY[jsonb_array_length(p_items)]);
    v_scoped bigint[] := v_customers;
    v_own bigint[] := v_customers;
    v_most bigint[] := v_customers;
    v_quotas bigint[] := v_customers;
    v_quota_most bigint[] := v_customers;
    v_quota_amounts bigint[];
    v_quota_public_ids text[];
    v_amounts bigint[];
    v_public_ids text[];
    v_hold_public_ids text[];
    v_expires_at timestamptz[];
    v_known text[];       -- the execution that has its key already
    v_tries boolean[];    -- may be placed
    v_groups int[];       -- the first of its key that may be placed
    v_claims boolean[];   -- is that first one, and claims the key
    v_ids bigint[];
    v_claimed bigint[];
    v_placed boolean[];
    v_instead int[];      -- the item before it that has its key
    v_holds bigint[];
    v_wallets bigint[];
    v_available bigint[];
    v_quota_holds bigint[];
    v_quota_left bigint[];
    v_item record;
    v_payer record;
BEGIN
    FOR v_item IN
        SELECT i.place, i.caller, i.creator, i.quota_unit, i.quota,
            lag(i.place) OVER (PARTITION BY i.caller, i.creator, i.quota_unit ORDER BY i.place) AS same
        FROM billing_reserve_items(p_items) i ORDER BY i.place
    LOOP
        IF v_item.same IS NULL THEN
            SELECT p.o_customer, p.o_wallets, billing_most_available(p.o_wallets, p_now) AS most INTO v_payer
            FROM billing_payer(v_item.caller, v_item.creator) p;
            v_customers[v_item.place] := v_payer.o_customer;
            v_own[v_item.place] := v_payer.o_wallets[array_upper(v_payer.o_wallets, 1)];
            v_scoped[v_item.place] := v_payer.o_wallets[array_upper(v_payer.o_wallets, 1) - 1];
            v_most[v_item.place] := v_payer.most;
            IF v_item.quota > 0 THEN
                v_quotas[v_item.place] := wallets_quota(v_payer.o_customer, v_item.quota_unit);
                v_quota_most[v_item.place] := coalesce(wallets_available(v_quotas[v_item.place], p_now), 0);
            END IF;
        ELSE
            v_customers[v_item.place] := v_customers[v_item.same];
            v_own[v_item.place] := v_own[v_item.same];
            v_scoped[v_item.place] := v_scoped[v_item.same];
            v_most[v_item.place] := v_most[v_item.same];
            v_quotas[v_item.place] := v_quotas[v_item.same];
            v_quota_most[v_item.place] := v_quota_most[v_item.same];
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM billing_runlimit l WHERE l.customer_id = ANY(v_customers)) THEN
        RETURN QUERY SELECT 'one_by_one', NULL::text, NULL::text, NULL::bigint, NULL::bigint, NULL::timestamptz, NULL::text,
            NULL::bigint FROM billing_reserve_items(p_items);
        RETURN;
    END IF;

    -- The keys first: a replay must not wait for a wallet. Who is clearly short is told so without a claim.
    SELECT array_agg(s.amount ORDER BY s.place), array_agg(s.public_id ORDER BY s.place),
        array_agg(s.hold_public_id ORDER BY s.place), array_agg(s.expires_at ORDER BY s.place),
        array_agg(s.known ORDER BY s.place), array_agg(s.try ORDER BY s.place),
        array_agg(s.leader::int ORDER BY s.place),
        array_agg(s.key IS NOT NULL AND s.try AND s.leader = s.place ORDER BY s.place),
        array_agg(CASE WHEN s.try THEN nextval('billing_execution_id_seq') END ORDER BY s.place),
        array_agg(coalesce(s.quota, 0) ORDER BY s.place), array_agg(s.quota_hold_public_id ORDER BY s.place)
    INTO v_amounts, v_public_ids, v_hold_public_ids, v_expires_at, v_known, v_tries, v_groups, v_claims, v_ids,
        v_quota_amounts, v_quota_public_ids
    FROM (
        SELECT t.*, CASE WHEN t.key IS NULL THEN t.place ELSE coalesce(
            min(t.place) FILTER (WHERE t.try) OVER (PARTITION BY t.principal, t.key), t.place) END AS leader
        FROM (
            SELECT k.*, k.known IS NULL AND v_customers[k.place] IS NOT NULL
                AND (k.amount = 0 OR k.amount <= v_most[k.place])
                AND (coalesce(k.quota, 0) = 0 OR k.quota <= v_quota_most[k.place]) AS try
            FROM (
                SELECT i.*, (SELECT e.public_id FROM billing_execution e
                             WHERE e.principal = i.principal AND e.idempotency_key = i.key) AS known
                FROM billing_reserve_items(p_items) i OFFSET 0
            ) k
        ) t
    ) s;

    -- A concurrent duplicate waits here; in the order of keys, so that two batches never wait for each other.
    WITH claimed AS (
        INSERT INTO billing_execution (
            id, public_id, state, source, principal, customer_id, agent_id, version_id, wallet_id, caller_key,
            end_user, own_key, model, idempotency_key, fingerprint, estimate, max_charge, quoted_usage,
            opened_at, expires_at, quota_wallet_id)
        SELECT v_ids[i.place], i.public_id, 'reserved', i.source, i.principal, v_customers[i.place], i.agent,
            i.version, v_own[i.place], i.caller_key, i.end_user, i.own_key, i.model, i.key, i.fingerprint,
            i.estimate, i.max_charge, i.usage, p_now, i.expires_at, v_quotas[i.place]
        FROM billing_reserve_items(p_items) i WHERE v_claims[i.place]
        ORDER BY i.principal, i.key
        ON CONFLICT (principal, idempotency_key) DO NOTHING
        RETURNING id)
    SELECT coalesce(array_agg(id), '{}') INTO v_claimed FROM claimed;
    IF cardinality(v_claimed) < cardinality(array_positions(v_claims, true)) THEN
        -- Somebody was faster, and has committed.
        SELECT array_agg(l.known ORDER BY l.place), array_agg(v_tries[l.place] AND l.known IS NULL ORDER BY l.place),
            array_agg(v_claims[l.place] AND l.known IS NULL ORDER BY l.place)
        INTO v_known, v_tries, v_claims
        FROM (
            SELECT i.place, CASE WHEN NOT v_claims[v_groups[i.place]] OR v_ids[v_groups[i.place]] = ANY(v_claimed)
                THEN v_known[i.place]
                ELSE (SELECT e.public_id FROM billing_execution e
                      WHERE e.principal = i.principal AND e.idempotency_key = i.key) END AS known
            FROM billing_reserve_items(p_items) i OFFSET 0
        ) l;
    END IF;

    SELECT array_agg(h.o_placed ORDER BY h.o_place), array_agg(h.o_instead ORDER BY h.o_place),
        array_agg(h.o_hold ORDER BY h.o_place), array_agg(h.o_wallet ORDER BY h.o_place),
        array_agg(h.o_available ORDER BY h.o_place), array_agg(h.o_quota_hold ORDER BY h.o_place),
        array_agg(h.o_quota ORDER BY h.o_place)
    INTO v_placed, v_instead, v_holds, v_wallets, v_available, v_quota_holds, v_quota_left
    FROM wallets_hold_place_many(v_scoped, v_own, v_amounts, v_groups, v_tries, 'execution', v_public_ids,
        v_hold_public_ids, v_quotas, v_quota_amounts, v_quota_public_ids, v_expires_at, p_now) h;

    -- What claimed its key and is placed learns its hold; what is not placed gives the key back.
    UPDATE billing_execution e SET hold_id = v_holds[i.place], wallet_id = v_wallets[i.place],
        held = CASE WHEN v_holds[i.place] IS NULL THEN 0 ELSE i.amount END,
        available_after_reserve = v_available[i.place], quota_hold_id = v_quota_holds[i.place],
        quota_held = v_quota_amounts[i.place]
    FROM billing_reserve_items(p_items) i
    WHERE e.id = v_ids[i.place] AND v_claims[i.place] AND v_placed[i.place];
    DELETE FROM billing_execution e USING billing_reserve_items(p_items) i
    WHERE e.id = v_ids[i.place] AND v_claims[i.place] AND NOT v_placed[i.place];
    INSERT INTO billing_execution (
        id, public_id, state, source, principal, customer_id, agent_id, version_id, wallet_id, hold_id, caller_key,
        end_user, own_key, model, idempotency_key, fingerprint, estimate, max_charge, quoted_usage, held,
        available_after_reserve, opened_at, expires_at, quota_wallet_id, quota_hold_id, quota_held)
    SELECT v_ids[i.place], i.public_id, 'reserved', i.source, i.principal, v_customers[i.place], i.agent,
        i.version, v_wallets[i.place], v_holds[i.place], i.caller_key, i.end_user, i.own_key, i.model, i.key,
        i.fingerprint, i.estimate, i.max_charge, i.usage,
        CASE WHEN v_holds[i.place] IS NULL THEN 0 ELSE i.amount END, v_available[i.place], p_now, i.expires_at,
        v_quotas[i.place], v_quota_holds[i.place], v_quota_amounts[i.place]
    FROM billing_reserve_items(p_items) i WHERE v_placed[i.place] AND NOT v_claims[i.place] ORDER BY i.place;

    RETURN QUERY
    SELECT CASE
            WHEN v_placed[i.place] THEN 'new'
            WHEN e.id IS NOT NULL THEN CASE WHEN e.fingerprint = i.fingerprint THEN 'replayed' ELSE 'key_reused' END
            WHEN v_customers[i.place] IS NULL THEN 'no_customer'
            WHEN v_quota_amounts[i.place] = 0 OR (
                i.amount > 0 AND least(v_most[i.place], v_available[i.place]) < i.amount) THEN 'insufficient'
            ELSE 'quota' END,
        CASE WHEN v_placed[i.place] THEN i.public_id ELSE e.public_id::text END,
        CASE WHEN v_placed[i.place] THEN CASE WHEN v_holds[i.place] IS NOT NULL THEN i.hold_public_id END
            ELSE (SELECT h.public_id::text FROM wallets_hold h WHERE h.id = e.hold_id) END,
        CASE WHEN v_placed[i.place] THEN i.estimate ELSE e.estimate END,
        CASE WHEN e.id IS NOT NULL THEN e.available_after_reserve
            WHEN v_customers[i.place] IS NULL THEN NULL
            WHEN v_placed[i.place] OR v_available[i.place] < i.amount THEN v_available[i.place]
            -- It would be covered by now: it is told what it was refused for.
            ELSE v_most[i.place] END,
        CASE WHEN v_placed[i.place] THEN i.expires_at ELSE e.expires_at END,
        (SELECT v.public_id::text FROM marketplace_planversion v WHERE v.id = e.version_id),
        least(v_quota_most[i.place], v_quota_left[i.place])
    FROM billing_reserve_items(p_items) i
    LEFT JOIN LATERAL (
        SELECT * FROM billing_execution x
        WHERE NOT v_placed[i.place] AND x.public_id = coalesce(v_known[i.place], v_public_ids[v_instead[i.place]])
    ) e ON true
    ORDER BY i.place;
END $$;
