-- Settle: charge what ran, release the rest, fix the split, write the usage. One item or a thousand, one call, and
-- one statement a table.
--
-- An item is refused by an answer, never by an exception, and then leaves nothing behind. Locks are taken in one
-- order by every caller (executions by id, wallets by id, then the logged keys), so that batches cannot deadlock;
-- whoever closes or expires a hold has its execution locked first.

DO $$ BEGIN
    IF to_regtype('billing_settling') IS NULL THEN
        -- One item on its way: what was sent, what was found, what was decided.
        CREATE TYPE billing_settling AS (
            fingerprint bytea, principal text, cost bigint, charges boolean, due bigint, occurred_at timestamptz,
            run text, direct boolean,
            id bigint, state text, hold bigint, held bigint, opened timestamptz, settled_as bytea,
            customer bigint, agent bigint, version bigint, wallets bigint[],
            answer text, charged bigint, unbilled bigint, wallet bigint, available bigint, transaction bigint
        );
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = 'billing_settling'::regclass AND attname = 'quota' AND NOT attisdropped)
    THEN
        -- The quota that it takes from too: its wallet, how much (null: nothing), and what it has reserved of it.
        ALTER TYPE billing_settling
            ADD ATTRIBUTE quota_unit text, ADD ATTRIBUTE quota bigint, ADD ATTRIBUTE quota_wanted bigint,
            ADD ATTRIBUTE quota_hold bigint, ADD ATTRIBUTE quota_held bigint, ADD ATTRIBUTE quota_used bigint, ADD ATTRIBUTE quota_free bigint,
            ADD ATTRIBUTE quota_opened timestamptz;
    END IF;
END $$;

-- What the items are about; their executions are locked.
CREATE OR REPLACE FUNCTION billing_settle_find(p_items jsonb[], p_now timestamptz) RETURNS billing_settling[]
LANGUAGE sql STABLE AS $$
    SELECT array_agg(ROW(decode(item ->> 'fingerprint', 'hex'), item ->> 'principal', (item ->> 'cost')::bigint,
        (item ->> 'charges')::boolean,
        CASE WHEN (item ->> 'charges')::boolean THEN least((item ->> 'cost')::bigint, e.max_charge) ELSE 0 END,
        coalesce((item ->> 'occurred_at')::timestamptz, p_now),
        coalesce(item ->> 'execution', item -> 'run' ->> 'public_id'), item ->> 'execution' IS NULL,
        e.id, e.state, e.hold_id, e.held, e.hold_opened_at, e.settle_fingerprint,
        coalesce(e.customer_id, p.o_customer), coalesce(e.agent_id, (item -> 'run' ->> 'agent')::bigint),
        coalesce(e.version_id, (item -> 'run' ->> 'version')::bigint), coalesce(e.wallets, p.o_wallets, '{}'),
        NULL, NULL, NULL, NULL, NULL, NULL, item -> 'quota' ->> 'unit',
        CASE WHEN item -> 'quota' IS NULL THEN NULL ELSE coalesce(e.quota_wallet_id,
            wallets_quota(p.o_customer, item -> 'quota' ->> 'unit')) END,
        CASE WHEN (item ->> 'charges')::boolean THEN (item -> 'quota' ->> 'amount')::bigint END,
        e.quota_hold_id, e.quota_held, NULL, NULL, e.quota_opened_at)::billing_settling ORDER BY n)
    FROM unnest(p_items) WITH ORDINALITY AS x(item, n)
    LEFT JOIN LATERAL (
        SELECT f.*, h.opened_at AS hold_opened_at, CASE WHEN f.quota_hold_id IS NOT NULL THEN f.opened_at END
            AS quota_opened_at, array_remove(ARRAY[f.wallet_id], NULL) AS wallets
        FROM billing_execution f LEFT JOIN wallets_hold h ON h.id = f.hold_id
        WHERE f.public_id = item ->> 'execution'
    ) e ON true
    LEFT JOIN LATERAL (
        -- Only for those that were not reserved: as a condition of the join it would be asked for all.
        SELECT o.* FROM (SELECT item -> 'run' AS run WHERE item ->> 'execution' IS NULL OFFSET 0) direct,
            billing_payer(direct.run ->> 'caller', direct.run ->> 'creator') o
    ) p ON true
$$;

-- Charge what is claimed so far. p_claimants: whose item each claim is.
CREATE OR REPLACE FUNCTION billing_settle_take(
    p_runs billing_settling[], p_claimants int[], p_claims wallets_claim[], p_now timestamptz
) RETURNS billing_settling[] LANGUAGE plpgsql AS $$
DECLARE
    v_all wallets_taken[] := wallets_take('execution', p_claims, p_now);
    v_taken wallets_taken;
    v_run billing_settling;
BEGIN
    FOR c IN 1 .. cardinality(p_claimants) LOOP
        v_taken := v_all[c];
        v_run := p_runs[p_claimants[c]];
        v_run.answer := CASE WHEN v_taken.charged IS NOT NULL THEN 'settled'
            WHEN v_taken.quota_free IS NOT NULL THEN 'quota' ELSE 'insufficient' END;
        v_run.quota_used := v_taken.quota_used;
        v_run.quota_free := v_taken.quota_free;
        v_run.charged := v_taken.charged;
        v_run.unbilled := CASE WHEN v_run.charges THEN v_run.cost - v_taken.charged ELSE 0 END;
        v_run.state := CASE WHEN NOT v_run.charges THEN 'released'
            WHEN v_taken.charged = 0 AND v_run.cost > 0 THEN 'unbilled' ELSE 'settled' END;
        v_run.wallet := coalesce(v_taken.wallet, v_run.wallets[cardinality(v_run.wallets)]);
        v_run.available := coalesce(v_taken.available, 0);
        v_run.transaction := v_taken.transaction;
        p_runs[p_claimants[c]] := v_run;
    END LOOP;
    RETURN p_runs;
END $$;

-- What an item asks of the ledger. Within the hold it is charged in full; above it in full or the hold alone (ledger.md
-- rule 13); after expiry what the hold had been and available still covers; without a reserve in full or not at all. Of
-- the quota likewise.
CREATE OR REPLACE FUNCTION billing_claim(p_run billing_settling, p_now timestamptz) RETURNS wallets_claim
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_run.direct THEN ROW(
            CASE WHEN p_run.due > 0 THEN p_run.wallets ELSE p_run.wallets[cardinality(p_run.wallets) : ] END,
            p_run.due, NULL, 0, p_now, 'refuse', p_run.run, p_run.principal, p_run.occurred_at,
            CASE WHEN p_run.quota_wanted > 0 THEN p_run.quota END, p_run.quota_wanted, NULL, 0,
            p_now)::wallets_claim
        WHEN p_run.state = 'expired' THEN ROW(
            p_run.wallets, least(p_run.due, p_run.held), NULL, 0, p_now, 'rest', p_run.run, p_run.principal,
            p_run.occurred_at, CASE WHEN p_run.quota_wanted > 0 THEN p_run.quota END,
            least(p_run.quota_wanted, p_run.quota_held), NULL, 0, p_now)::wallets_claim
        ELSE ROW(
            p_run.wallets, CASE WHEN p_run.charges OR p_run.hold IS NULL THEN p_run.due END, p_run.hold, p_run.held,
            coalesce(p_run.opened, p_now), 'hold', p_run.run, p_run.principal, p_run.occurred_at,
            p_run.quota, p_run.quota_wanted, p_run.quota_hold, p_run.quota_held,
            coalesce(p_run.quota_opened, p_now))::wallets_claim
    END
$$;

-- Decide every item in the order sent. What an earlier item of the batch has done to a key or an execution counts.
-- p_locked: the ids of all its executions, in order. o_settled: there is something to write.
CREATE OR REPLACE FUNCTION billing_settle_decide(
    p_items jsonb[], p_locked bigint[], p_now timestamptz, INOUT p_runs billing_settling[], OUT o_settled boolean
) LANGUAGE plpgsql AS $$
DECLARE
    -- The keys, by item: their number, and what they were logged with; then by number, the item that logged them here.
    k_item int[]; k_number int[]; k_fingerprint bytea[]; k_execution bigint[];
    v_logger int[];
    v_closer int[];
    v_claimants int[] := '{}';
    v_claims wallets_claim[] := '{}';
    v_run billing_settling;
    v_earlier billing_settling;
    k int := 1;
    v_from int;
    v_place int;
BEGIN
    SELECT array_agg(n ORDER BY n), array_agg(number ORDER BY n), array_agg(fingerprint ORDER BY n),
        array_agg(execution_id ORDER BY n), array_fill(NULL::int, ARRAY[coalesce(max(number), 0)::int])
    INTO k_item, k_number, k_fingerprint, k_execution, v_logger
    FROM (
        SELECT n, source, event_id, dense_rank() OVER (ORDER BY source, event_id) AS number
        FROM unnest(p_items) WITH ORDINALITY AS x(item, n), jsonb_array_elements(item -> 'keys') named,
            LATERAL (SELECT named ->> 0 AS source, named ->> 1 AS event_id) parts
    ) sent
    LEFT JOIN LATERAL (
        SELECT fingerprint, execution_id FROM billing_usageeventkey
        WHERE source = sent.source AND event_id = sent.event_id OFFSET 0
    ) logged ON true;
    v_closer := array_fill(NULL::int, ARRAY[coalesce(cardinality(p_locked), 0)]);
    o_settled := false;

    FOR n IN 1 .. cardinality(p_runs) LOOP
        v_run := p_runs[n];
        v_from := k;
        v_place := width_bucket(v_run.id, p_locked);
        WHILE k_item[k] = n LOOP
            IF v_logger[k_number[k]] IS NOT NULL OR k_execution[k] IS NOT NULL THEN
                IF (p_runs[v_logger[k_number[k]]]).answer IS NULL AND v_logger[k_number[k]] IS NOT NULL THEN
                    p_runs := billing_settle_take(p_runs, v_claimants, v_claims, p_now);
                    v_claimants := '{}'; v_claims := '{}';
                END IF;
                v_earlier := p_runs[v_logger[k_number[k]]];
                IF v_earlier.answer IS DISTINCT FROM 'settled' THEN
                    v_earlier.id := k_execution[k];
                    v_earlier.fingerprint := k_fingerprint[k];
                END IF;
                IF v_earlier.fingerprint <> v_run.fingerprint THEN v_run.answer := 'key_reused';
                ELSIF v_earlier.id IS NOT NULL AND v_run.answer IS NULL THEN
                    v_run.answer := 'replayed';
                    v_run.id := v_earlier.id;
                END IF;
            END IF;
            k := k + 1;
        END LOOP;

        v_run.answer := CASE
            WHEN v_run.answer IS NOT NULL THEN v_run.answer
            WHEN v_run.direct THEN CASE WHEN v_run.customer IS NULL THEN 'no_customer'
                WHEN v_run.quota_wanted > 0 AND v_run.quota IS NULL THEN 'quota' END
            WHEN v_run.id IS NULL THEN 'no_execution'
            WHEN v_closer[v_place] IS NOT NULL THEN CASE
                WHEN (p_runs[v_closer[v_place]]).fingerprint = v_run.fingerprint THEN 'replayed' ELSE 'closed' END
            WHEN v_run.state NOT IN ('reserved', 'running', 'expired') THEN
                CASE WHEN v_run.settled_as = v_run.fingerprint THEN 'replayed' ELSE 'closed' END
        END;
        IF v_run.answer IS NULL AND v_run.direct THEN v_run.id := nextval('billing_execution_id_seq');
        ELSIF v_run.answer IS NULL THEN v_closer[v_place] := n;
        END IF;
        p_runs[n] := v_run;
        IF v_run.answer IS NULL THEN
            v_claimants := array_append(v_claimants, n);
            v_claims := array_append(v_claims, billing_claim(v_run, p_now));
            FOR j IN v_from .. k - 1 LOOP v_logger[k_number[j]] := n; END LOOP;
        END IF;
    END LOOP;
    IF cardinality(v_claims) > 0 THEN p_runs := billing_settle_take(p_runs, v_claimants, v_claims, p_now); END IF;
    FOREACH v_run IN ARRAY p_runs LOOP EXIT WHEN o_settled; o_settled := v_run.answer = 'settled'; END LOOP;
END $$;

-- Write what was settled: the split, the executions, one usage event a metric, the keys.
CREATE OR REPLACE FUNCTION billing_settle_write(
    p_items jsonb[], p_runs billing_settling[], p_locked bigint[], p_rates jsonb, p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_run billing_settling;
    v_ids bigint[]; v_transactions bigint[]; v_customers bigint[]; v_agents bigint[]; v_versions bigint[];
    v_costs bigint[];
    v_split record;
BEGIN
    FOREACH v_run IN ARRAY p_runs LOOP
        v_ids := array_append(v_ids, v_run.id);
        v_transactions := array_append(v_transactions, v_run.transaction);
        v_customers := array_append(v_customers, v_run.customer);
        v_agents := array_append(v_agents, v_run.agent);
        v_versions := array_append(v_versions, v_run.version);
        v_costs := array_append(v_costs, v_run.cost);
    END LOOP;
    v_split := billing_split_drawn(v_ids, v_transactions, v_customers, v_agents, v_versions, v_costs, p_rates, p_now);

    IF p_locked IS NOT NULL THEN
        UPDATE billing_execution e SET
            state = x.state, settle_fingerprint = x.fingerprint, usage = x.item -> 'usage',
            lines = x.item -> 'lines', outcome = x.item ->> 'outcome',
            model = coalesce(nullif(x.item ->> 'model', ''), e.model), cost = x.cost, charged = x.charged,
            released = greatest(e.held - x.charged, 0), unbilled = x.unbilled, cells = x.cells,
            platform_amount = x.charged - x.earned, cash = x.cash, overage = x.overage, zero_cash_earned = x.zero_cash,
            processing = x.processing, self_dealing = x.self_dealing, available_after_settle = x.available,
            occurred_at = x.occurred_at, closed_at = p_now, settlement_id = x.transaction,
            quota_used = coalesce(x.quota_used, 0)
        FROM ROWS FROM (
            unnest(p_items), unnest(v_split.o_cells), unnest(v_split.o_earned), unnest(v_split.o_zero_cash),
            unnest(v_split.o_cash), unnest(v_split.o_overage), unnest(v_split.o_processing),
            unnest(v_split.o_self_dealing), unnest(p_runs)
        ) AS x(item, cells, earned, zero_cash, cash, overage, processing, self_dealing)
        WHERE e.id = x.id AND x.answer = 'settled' AND NOT x.direct;
    END IF;
    IF cardinality(p_locked) IS DISTINCT FROM cardinality(p_items) THEN
        INSERT INTO billing_execution (
            id, public_id, state, source, principal, customer_id, agent_id, version_id, wallet_id, estimate,
            opened_at, expires_at, settle_fingerprint, usage, lines, outcome, model, cost, charged, unbilled, cells,
            platform_amount, cash, overage, zero_cash_earned, processing, self_dealing, available_after_settle,
            occurred_at, closed_at, settlement_id, quota_wallet_id, quota_used)
        SELECT x.id, x.run, x.state, 'router', x.principal, x.customer, x.agent, x.version, x.wallet, x.cost, p_now,
            p_now, x.fingerprint, x.item -> 'usage', x.item -> 'lines', x.item ->> 'outcome', x.item ->> 'model',
            x.cost, x.charged, x.unbilled, x.cells, x.charged - x.earned, x.cash, x.overage, x.zero_cash,
            x.processing, x.self_dealing, x.available, x.occurred_at, p_now, x.transaction, x.quota,
            coalesce(x.quota_used, 0)
        FROM ROWS FROM (
            unnest(p_items), unnest(v_split.o_cells), unnest(v_split.o_earned), unnest(v_split.o_zero_cash),
            unnest(v_split.o_cash), unnest(v_split.o_overage), unnest(v_split.o_processing),
            unnest(v_split.o_self_dealing), unnest(p_runs)
        ) AS x(item, cells, earned, zero_cash, cash, overage, processing, self_dealing)
        WHERE x.answer = 'settled' AND x.direct;
    END IF;

    -- The charge is spread over the metrics as their cost is, by end points, so that it sums exactly.
    INSERT INTO billing_usageevent (occurred_at, recorded_at, execution_id, customer_id, agent_id, end_user, model,
        metric, quantity, charged)
    SELECT e.occurred_at, p_now, e.id, e.customer_id, e.agent_id, e.end_user, e.model, m ->> 0, (m ->> 1)::numeric,
        CASE WHEN x.charged = 0 THEN 0 ELSE
            div(x.charged * sum((m ->> 2)::numeric) OVER upto, x.cost)
            - div(x.charged * (sum((m ->> 2)::numeric) OVER upto - (m ->> 2)::numeric), x.cost)
        END
    FROM ROWS FROM (unnest(p_items), unnest(p_runs)) WITH ORDINALITY AS x(item)
    JOIN billing_execution e ON e.id = x.id
    CROSS JOIN LATERAL jsonb_array_elements(x.item -> 'metrics') WITH ORDINALITY AS metric(m, place)
    WHERE x.answer = 'settled'
    WINDOW upto AS (PARTITION BY x.ordinality ORDER BY place);

    -- Last, and in one order: whoever logs one of these at the same time waits here, then fails on the key, and the
    -- caller starts anew and finds it.
    INSERT INTO billing_usageeventkey (source, event_id, fingerprint, execution_id, created_at)
    SELECT named ->> 0, named ->> 1, x.fingerprint, x.id, p_now
    FROM ROWS FROM (unnest(p_items), unnest(p_runs)) AS x(item), jsonb_array_elements(item -> 'keys') named
    WHERE x.answer = 'settled' ORDER BY 1, 2;
END $$;

-- Every item's answer in the order sent, from what is stored: the same the first time and at every replay.
CREATE OR REPLACE FUNCTION billing_settle_answers(p_runs billing_settling[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(CASE
        WHEN x.answer IN ('settled', 'replayed', 'closed')
            THEN jsonb_build_object('answer', x.answer, 'facts', jsonb_build_object('execution', e.public_id,
                'state', e.state, 'cost', e.cost, 'charged', e.charged, 'released', e.released,
                'unbilled', e.unbilled, 'available', e.available_after_settle, 'platform', e.platform_amount,
                'processing', e.processing, 'lines', e.lines, 'version', e.version))
        WHEN x.answer = 'insufficient' THEN jsonb_build_object('answer', x.answer, 'required', x.due,
            'available', x.available)
        WHEN x.answer = 'quota' THEN jsonb_build_object('answer', x.answer, 'unit', x.quota_unit,
            'required', x.quota_wanted, 'available', coalesce(x.quota_free, 0))
        ELSE jsonb_build_object('answer', x.answer) END ORDER BY x.ordinality)
    FROM unnest(p_runs) WITH ORDINALITY x
    LEFT JOIN LATERAL (
        SELECT f.*, v.public_id AS version FROM billing_execution f JOIN marketplace_planversion v ON v.id = f.version_id
        WHERE f.id = x.id OFFSET 0
    ) e ON true
$$;

-- The settings: plans that look each row up, and that stay; the planner knows nothing of how long an array is, and a
-- plan made while a table was small would read all of it when it is not.
CREATE OR REPLACE FUNCTION billing_settle(p_items jsonb, p_rates jsonb, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_items jsonb[];
    v_names text[];
    v_locked bigint[];
    v_runs billing_settling[];
    v_decided record;
BEGIN
    SELECT array_agg(item ORDER BY n), array_agg(item ->> 'execution') FILTER (WHERE item ->> 'execution' IS NOT NULL)
    INTO v_items, v_names FROM jsonb_array_elements(p_items) WITH ORDINALITY AS x(item, n);
    IF v_names IS NOT NULL THEN
        SELECT array_agg(id) INTO v_locked FROM (
            SELECT id FROM billing_execution WHERE public_id = ANY (v_names) ORDER BY id FOR NO KEY UPDATE) locked;
    END IF;
    v_runs := billing_settle_find(v_items, p_now);
    IF cardinality(v_names) IS DISTINCT FROM cardinality(v_items) THEN
        -- The keys are read when nobody else can charge these wallets: a duplicate waits here, then finds them.
        PERFORM 1 FROM wallets_wallet
        WHERE id = ANY (ARRAY(SELECT unnest(wallets || quota) FROM unnest(v_runs))) ORDER BY id FOR NO KEY UPDATE;
    END IF;
    v_decided := billing_settle_decide(v_items, v_locked, p_now, v_runs);
    IF v_decided.o_settled THEN
        PERFORM billing_settle_write(v_items, v_decided.p_runs, v_locked, p_rates, p_now);
    END IF;
    RETURN billing_settle_answers(v_decided.p_runs);
END $$;
