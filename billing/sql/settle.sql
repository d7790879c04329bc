-- Settle: charge what ran, release the rest, fix the split, write the usage. One item or a thousand, one call.
--
-- An item is refused by an answer, never by an exception, and then leaves nothing behind. Locks are taken in one
-- order by every caller (logged keys, executions by id, wallets by id), so that batches cannot deadlock; whoever
-- closes or expires a hold has its execution locked first.

-- What an answer is rendered from, the first time and at every replay.
CREATE OR REPLACE FUNCTION billing_facts(p_execution bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('execution', e.public_id, 'state', e.state, 'cost', e.cost, 'charged', e.charged,
        'released', e.released, 'unbilled', e.unbilled, 'available', e.available_after_settle,
        'platform', e.platform_amount, 'processing', e.processing, 'lines', e.lines, 'version', v.public_id)
    FROM billing_execution e JOIN marketplace_planversion v ON v.id = e.version_id WHERE e.id = p_execution
$$;

CREATE OR REPLACE FUNCTION billing_answer(p_answer text, p_execution bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('answer', p_answer, 'facts', billing_facts(p_execution))
$$;

-- Open an execution for a run that was not reserved; o_answer says why not. Its wallet stays locked.
CREATE OR REPLACE FUNCTION billing_open_direct(p_item jsonb, p_due bigint, p_now timestamptz, OUT o_answer jsonb, OUT o_id bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_run jsonb := p_item -> 'run';
    v_customer bigint;
    v_wallets bigint[];
    v_wallet bigint;
BEGIN
    SELECT p.o_customer, p.o_wallets INTO v_customer, v_wallets
    FROM billing_payer(v_run ->> 'caller', v_run ->> 'creator') p;
    IF v_customer IS NULL THEN o_answer := '{"answer": "no_customer"}'; RETURN; END IF;
    IF p_due > 0 THEN
        PERFORM 1 FROM wallets_wallet WHERE id = ANY (v_wallets) ORDER BY id FOR NO KEY UPDATE;
        SELECT w INTO v_wallet FROM unnest(v_wallets) WITH ORDINALITY AS x(w, n)
        WHERE wallets_available(w, p_now) >= p_due ORDER BY n LIMIT 1;
        IF v_wallet IS NULL THEN
            o_answer := jsonb_build_object('answer', 'insufficient', 'required', p_due,
                'available', billing_most_available(v_wallets, p_now));
            RETURN;
        END IF;
    END IF;
    INSERT INTO billing_execution (
        public_id, state, source, principal, customer_id, agent_id, version_id, wallet_id, end_user, estimate,
        opened_at, expires_at)
    VALUES (v_run ->> 'public_id', 'reserved', 'router', p_item ->> 'principal', v_customer,
        (v_run ->> 'agent')::bigint, (v_run ->> 'version')::bigint,
        coalesce(v_wallet, v_wallets[array_upper(v_wallets, 1)]), '', (p_item ->> 'cost')::bigint, p_now, p_now)
    RETURNING id INTO o_id;
END $$;

-- What may be charged of what is due: within the hold all of it; above it all or only the hold (ledger.md rule 13);
-- after expiry what the hold had been and available still covers.
CREATE OR REPLACE FUNCTION billing_chargeable(p_execution billing_execution, p_due bigint, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    IF p_due <= p_execution.held AND p_execution.state <> 'expired' THEN RETURN p_due; END IF;
    -- Locked, so that nobody takes what we have just seen.
    PERFORM 1 FROM wallets_wallet WHERE id = p_execution.wallet_id FOR NO KEY UPDATE;
    IF p_execution.state = 'expired' THEN
        RETURN least(p_due, p_execution.held, greatest(wallets_available(p_execution.wallet_id, p_now), 0));
    END IF;
    RETURN CASE WHEN wallets_available(p_execution.wallet_id, p_now) >= p_due - p_execution.held
        THEN p_due ELSE p_execution.held END;
END $$;

-- One row a metric. The charge is spread over the metrics as their cost is, by end points, so that it sums exactly.
CREATE OR REPLACE FUNCTION billing_write_usage(
    p_execution billing_execution, p_item jsonb, p_charged bigint, p_occurred_at timestamptz, p_now timestamptz
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO billing_usageevent (occurred_at, recorded_at, execution_id, customer_id, agent_id, end_user, model,
        metric, quantity, charged)
    SELECT p_occurred_at, p_now, p_execution.id, p_execution.customer_id, p_execution.agent_id, p_execution.end_user,
        coalesce(nullif(p_item ->> 'model', ''), p_execution.model), m ->> 0, (m ->> 1)::numeric,
        CASE WHEN p_charged = 0 THEN 0 ELSE
            div(p_charged * sum((m ->> 2)::numeric) OVER upto, (p_item ->> 'cost')::numeric)
            - div(p_charged * (sum((m ->> 2)::numeric) OVER upto - (m ->> 2)::numeric), (p_item ->> 'cost')::numeric)
        END
    FROM jsonb_array_elements(p_item -> 'metrics') WITH ORDINALITY AS x(m, n)
    WINDOW upto AS (ORDER BY n)
$$;

CREATE OR REPLACE FUNCTION billing_settle_one(p_item jsonb, p_rates jsonb, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_fingerprint bytea := decode(p_item ->> 'fingerprint', 'hex');
    v_occurred_at timestamptz := coalesce((p_item ->> 'occurred_at')::timestamptz, p_now);
    v_cost bigint := p_item ->> 'cost';
    v_charges boolean := p_item ->> 'charges';
    v_due bigint := CASE WHEN v_charges THEN v_cost ELSE 0 END;
    v_seen record;
    v_opened record;
    v_execution billing_execution;
    v_charged bigint;
    v_hold bigint;
    v_captured record;
    v_split record;
BEGIN
    SELECT k.fingerprint, k.execution_id INTO v_seen
    FROM jsonb_array_elements(p_item -> 'keys') AS x(named)
    CROSS JOIN LATERAL (
        -- OFFSET 0: one look into the index for each key. As a plain join the whole table would be read and hashed,
        -- for the planner takes a jsonb array to have a hundred elements.
        SELECT * FROM billing_usageeventkey WHERE source = named ->> 0 AND event_id = named ->> 1 OFFSET 0
    ) k
    ORDER BY k.fingerprint = v_fingerprint LIMIT 1;
    IF FOUND THEN
        RETURN CASE WHEN v_seen.fingerprint = v_fingerprint THEN billing_answer('replayed', v_seen.execution_id)
            ELSE '{"answer": "key_reused"}' END;
    END IF;

    IF p_item ->> 'execution' IS NULL THEN
        SELECT * INTO v_opened FROM billing_open_direct(p_item, v_due, p_now);
        IF v_opened.o_answer IS NOT NULL THEN RETURN v_opened.o_answer; END IF;
        SELECT * INTO v_execution FROM billing_execution WHERE id = v_opened.o_id;
        v_charged := v_due;
    ELSE
        SELECT * INTO v_execution FROM billing_execution WHERE public_id = p_item ->> 'execution' FOR NO KEY UPDATE;
        IF NOT FOUND THEN RETURN '{"answer": "no_execution"}'; END IF;
        IF v_execution.state NOT IN ('reserved', 'running', 'expired') THEN
            IF v_execution.settle_fingerprint = v_fingerprint THEN
                RETURN billing_answer('replayed', v_execution.id);
            END IF;
            RETURN billing_answer('closed', v_execution.id);
        END IF;
        v_due := least(v_due, v_execution.max_charge);
        v_charged := billing_chargeable(v_execution, v_due, p_now);
        v_hold := CASE WHEN v_execution.state <> 'expired' THEN v_execution.hold_id END;
    END IF;

    IF v_charged > 0 OR (v_charges AND v_hold IS NOT NULL) THEN
        SELECT c.o_transaction, c.o_available INTO v_captured FROM wallets_capture(
            v_execution.wallet_id, v_charged, v_hold, 'execution', v_execution.public_id, p_item ->> 'principal',
            v_occurred_at, p_now) c;
    ELSE
        IF v_hold IS NOT NULL THEN PERFORM wallets_hold_close(v_hold, 'released', p_now); END IF;
        SELECT NULL::bigint AS o_transaction, wallets_available(v_execution.wallet_id, p_now) AS o_available
        INTO v_captured;
    END IF;
    SELECT * INTO v_split FROM billing_split_drawn(v_execution.id, v_captured.o_transaction, v_execution.customer_id,
        v_execution.agent_id, v_execution.version_id, p_rates, p_now);

    PERFORM billing_write_usage(v_execution, p_item, v_charged, v_occurred_at, p_now);
    INSERT INTO billing_usageeventkey (source, event_id, fingerprint, execution_id, created_at)
    SELECT named ->> 0, named ->> 1, v_fingerprint, v_execution.id, p_now
    FROM jsonb_array_elements(p_item -> 'keys') AS x(named);
    UPDATE billing_execution SET
        state = CASE WHEN NOT v_charges THEN 'released' WHEN v_charged = 0 AND v_cost > 0 THEN 'unbilled'
            ELSE 'settled' END,
        settle_fingerprint = v_fingerprint, usage = p_item -> 'usage', lines = p_item -> 'lines',
        outcome = p_item ->> 'outcome', model = coalesce(nullif(p_item ->> 'model', ''), model), cost = v_cost,
        charged = v_charged, released = greatest(held - v_charged, 0),
        unbilled = CASE WHEN v_charges THEN v_cost - v_charged ELSE 0 END,
        cells = v_split.o_cells, platform_amount = v_charged - v_split.o_earned, cash = v_split.o_cash,
        zero_cash_earned = v_split.o_zero_cash, processing = v_split.o_processing,
        self_dealing = v_split.o_self_dealing, available_after_settle = coalesce(v_captured.o_available, 0),
        occurred_at = v_occurred_at, closed_at = p_now, settlement_id = v_captured.o_transaction
    WHERE id = v_execution.id;
    RETURN billing_answer('settled', v_execution.id);
END $$;

-- Every item's answer, in the order sent.
CREATE OR REPLACE FUNCTION billing_settle(p_items jsonb, p_rates jsonb, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_item jsonb;
    v_answers jsonb[] := '{}';
BEGIN
    -- Two routers that log one event at once: the second waits here, then finds the first one's answer.
    PERFORM pg_advisory_xact_lock(lock) FROM (
        SELECT DISTINCT hashtextextended((named ->> 0) || ' ' || (named ->> 1), 0) AS lock
        FROM jsonb_array_elements(p_items) item, jsonb_array_elements(item -> 'keys') named ORDER BY 1
    ) keys;
    IF jsonb_array_length(p_items) > 1 THEN
        PERFORM 1 FROM billing_execution
        WHERE public_id IN (SELECT item ->> 'execution' FROM jsonb_array_elements(p_items) item)
        ORDER BY id FOR NO KEY UPDATE;
        PERFORM 1 FROM wallets_wallet WHERE id IN (
            SELECT e.wallet_id FROM jsonb_array_elements(p_items) item
            JOIN billing_execution e ON e.public_id = item ->> 'execution'
            UNION
            SELECT unnest(p.o_wallets) FROM jsonb_array_elements(p_items) item,
                billing_payer(item -> 'run' ->> 'caller', item -> 'run' ->> 'creator') p
            WHERE item ->> 'execution' IS NULL
        ) ORDER BY id FOR NO KEY UPDATE;
    END IF;
    FOR v_item IN SELECT item FROM jsonb_array_elements(p_items) WITH ORDINALITY AS x(item, n) ORDER BY n LOOP
        v_answers := v_answers || billing_settle_one(v_item, p_rates, p_now);
    END LOOP;
    RETURN to_jsonb(v_answers);
END $$;
