-- Rollups: sums of ended runs by UTC day, which pages read instead of every run.
--
-- A run that ends puts itself on the list billing_unrolled, in its own transaction (the triggers). The roller takes
-- what it sees on the list and adds it to the sums, in one transaction. So a run is on the list or in the sums, never
-- in both and never in neither, however late it commits: neither ids nor times, which are not the order of commits,
-- say what is done. A reader that reads sums and list in one statement is exact.

CREATE OR REPLACE FUNCTION billing_execution_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing_unrolled (execution_id, customer_id, agent_id) VALUES (NEW.id, NEW.customer_id, NEW.agent_id);
    RETURN NULL;
END $$;

-- A run has an outcome once it has ended; one that was released or expired has none, and counts nowhere.
CREATE OR REPLACE TRIGGER billing_execution_ended AFTER UPDATE OF outcome ON billing_execution
    FOR EACH ROW WHEN (OLD.outcome = '' AND NEW.outcome <> '') EXECUTE FUNCTION billing_execution_ended();
CREATE OR REPLACE TRIGGER billing_execution_born_ended AFTER INSERT ON billing_execution
    FOR EACH ROW WHEN (NEW.outcome <> '') EXECUTE FUNCTION billing_execution_ended();

-- What each run adds to each table of sums; one that was undone adds no money. Written so that they are inlined: a
-- caller's conditions reach the indexes.
CREATE OR REPLACE FUNCTION billing_runday_rows() RETURNS TABLE (
    execution_id bigint, customer_id bigint, day date, agent_id bigint, model varchar, runs bigint, charged bigint,
    at timestamptz, opened_at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT id, customer_id, (occurred_at AT TIME ZONE 'UTC')::date, agent_id, model, 1::bigint,
        CASE WHEN undone_at IS NULL THEN charged ELSE 0 END, occurred_at, opened_at
    FROM billing_execution
    WHERE outcome <> '' AND state IN ('settled', 'unbilled') AND source <> 'plan_fee'
$$;

CREATE OR REPLACE FUNCTION billing_readingday_rows() RETURNS TABLE (
    execution_id bigint, customer_id bigint, day date, agent_id bigint, model varchar, metric varchar,
    quantity numeric, at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT execution_id, customer_id, (occurred_at AT TIME ZONE 'UTC')::date, agent_id, model, metric, quantity,
        occurred_at
    FROM billing_usageevent
$$;

CREATE OR REPLACE FUNCTION billing_agentday_rows() RETURNS TABLE (
    execution_id bigint, agent_id bigint, day date, runs bigint, successes bigint, settled bigint, charged bigint,
    fees bigint, at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT id, agent_id, (closed_at AT TIME ZONE 'UTC')::date, (source <> 'plan_fee')::int::bigint,
        (source <> 'plan_fee' AND outcome = 'success' AND undone_at IS NULL)::int::bigint,
        (source <> 'plan_fee' AND state = 'settled')::int::bigint,
        CASE WHEN source <> 'plan_fee' AND undone_at IS NULL THEN charged ELSE 0 END, CASE WHEN source = 'plan_fee' THEN charged ELSE 0 END,
        closed_at
    FROM billing_execution WHERE outcome <> ''
$$;

CREATE OR REPLACE FUNCTION billing_agentreadingday_rows() RETURNS TABLE (
    execution_id bigint, agent_id bigint, day date, metric varchar, quantity numeric, at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT x.id, x.agent_id, (x.closed_at AT TIME ZONE 'UTC')::date, m.key::varchar, m.value::numeric, x.closed_at
    FROM billing_execution x
    CROSS JOIN jsonb_each_text(CASE jsonb_typeof(x.usage) WHEN 'object' THEN x.usage ELSE '{}' END) m
    WHERE x.outcome <> ''
$$;

CREATE OR REPLACE FUNCTION billing_callerday_rows() RETURNS TABLE (
    execution_id bigint, agent_id bigint, day date, customer_id bigint, runs bigint, charged bigint, at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT id, agent_id, (closed_at AT TIME ZONE 'UTC')::date, customer_id, 1::bigint,
        CASE WHEN undone_at IS NULL THEN charged ELSE 0 END, closed_at
    FROM billing_execution WHERE outcome <> '' AND source <> 'plan_fee'
$$;

CREATE OR REPLACE FUNCTION billing_earningday_rows() RETURNS TABLE (
    execution_id bigint, creator_id bigint, day date, agent_id bigint, runs bigint, gross bigint, platform_fee bigint,
    net bigint, zero_cash bigint, at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT e.execution_id, e.creator_id, e.day, e.agent_id, (x.source <> 'plan_fee')::int::bigint,
        x.charged * x.counts, x.platform_amount * x.counts, e.amount * x.counts, e.zero_cash_amount * x.counts,
        e.earned_at
    FROM billing_earning e JOIN (
        SELECT *, (undone_at IS NULL)::int::bigint AS counts FROM billing_execution
    ) x ON x.id = e.execution_id
$$;

-- Add up to p_limit runs of the list to the sums; say how many, null when another roller is at work.
CREATE OR REPLACE FUNCTION billing_roll_up(p_limit int) RETURNS int
-- The plan for ten runs is right for ten thousand: each is looked up.
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_ids bigint[];
    v_from timestamptz;
    v_to timestamptz;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('billing_roll_up')) THEN RETURN NULL; END IF;
    WITH taken AS (
        DELETE FROM billing_unrolled WHERE ctid = ANY (ARRAY(SELECT ctid FROM billing_unrolled LIMIT p_limit))
        RETURNING execution_id
    ) SELECT array_agg(execution_id) INTO v_ids FROM taken;
    IF v_ids IS NULL THEN RETURN 0; END IF;

    INSERT INTO billing_runday AS d (customer_id, day, agent_id, model, runs, charged, first_at, last_at,
        first_opened_at, last_opened_at)
    SELECT customer_id, day, agent_id, model, sum(runs), sum(charged), min(at), max(at), min(opened_at), max(opened_at)
    FROM billing_runday_rows() WHERE execution_id = ANY (v_ids) GROUP BY 1, 2, 3, 4
    ON CONFLICT (customer_id, day, agent_id, model) DO UPDATE SET runs = d.runs + excluded.runs,
        charged = d.charged + excluded.charged, first_at = least(d.first_at, excluded.first_at),
        last_at = greatest(d.last_at, excluded.last_at),
        first_opened_at = least(d.first_opened_at, excluded.first_opened_at),
        last_opened_at = greatest(d.last_opened_at, excluded.last_opened_at);

    -- The bounds spare looking into every month's partition.
    SELECT min(occurred_at), max(occurred_at) INTO v_from, v_to FROM billing_execution WHERE id = ANY (v_ids);
    INSERT INTO billing_readingday AS d (customer_id, day, agent_id, model, metric, quantity, first_at, last_at)
    SELECT customer_id, day, agent_id, model, metric, sum(quantity), min(at), max(at)
    FROM billing_readingday_rows() WHERE execution_id = ANY (v_ids) AND at >= v_from AND at <= v_to
    GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (customer_id, day, agent_id, model, metric) DO UPDATE SET quantity = d.quantity + excluded.quantity,
        first_at = least(d.first_at, excluded.first_at), last_at = greatest(d.last_at, excluded.last_at);

    INSERT INTO billing_agentday AS d (agent_id, day, runs, successes, settled, charged, fees, first_at, last_at)
    SELECT agent_id, day, sum(runs), sum(successes), sum(settled), sum(charged), sum(fees), min(at), max(at)
    FROM billing_agentday_rows() WHERE execution_id = ANY (v_ids) GROUP BY 1, 2
    ON CONFLICT (agent_id, day) DO UPDATE SET runs = d.runs + excluded.runs,
        successes = d.successes + excluded.successes, settled = d.settled + excluded.settled,
        charged = d.charged + excluded.charged, fees = d.fees + excluded.fees,
        first_at = least(d.first_at, excluded.first_at), last_at = greatest(d.last_at, excluded.last_at);

    INSERT INTO billing_agentreadingday AS d (agent_id, day, metric, quantity, first_at, last_at)
    SELECT agent_id, day, metric, sum(quantity), min(at), max(at)
    FROM billing_agentreadingday_rows() WHERE execution_id = ANY (v_ids) GROUP BY 1, 2, 3
    ON CONFLICT (agent_id, day, metric) DO UPDATE SET quantity = d.quantity + excluded.quantity,
        first_at = least(d.first_at, excluded.first_at), last_at = greatest(d.last_at, excluded.last_at);

    INSERT INTO billing_callerday AS d (agent_id, day, customer_id, runs, charged, first_at, last_at)
    SELECT agent_id, day, customer_id, sum(runs), sum(charged), min(at), max(at)
    FROM billing_callerday_rows() WHERE execution_id = ANY (v_ids) GROUP BY 1, 2, 3
    ON CONFLICT (agent_id, day, customer_id) DO UPDATE SET runs = d.runs + excluded.runs,
        charged = d.charged + excluded.charged,
        first_at = least(d.first_at, excluded.first_at), last_at = greatest(d.last_at, excluded.last_at);

    INSERT INTO billing_earningday AS d (creator_id, day, agent_id, runs, gross, platform_fee, net, zero_cash,
        first_at, last_at)
    SELECT creator_id, day, agent_id, sum(runs), sum(gross), sum(platform_fee), sum(net), sum(zero_cash), min(at),
        max(at)
    FROM billing_earningday_rows() WHERE execution_id = ANY (v_ids) GROUP BY 1, 2, 3
    ON CONFLICT (creator_id, day, agent_id) DO UPDATE SET runs = d.runs + excluded.runs,
        gross = d.gross + excluded.gross, platform_fee = d.platform_fee + excluded.platform_fee,
        net = d.net + excluded.net, zero_cash = d.zero_cash + excluded.zero_cash,
        first_at = least(d.first_at, excluded.first_at), last_at = greatest(d.last_at, excluded.last_at);
    RETURN cardinality(v_ids);
END $$;

-- Empty the sums and put every ended run back on the list; say how many. Readers stay exact all the while.
CREATE OR REPLACE FUNCTION billing_unroll() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_count bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('billing_roll_up'));
    DELETE FROM billing_runday;
    DELETE FROM billing_readingday;
    DELETE FROM billing_agentday;
    DELETE FROM billing_agentreadingday;
    DELETE FROM billing_callerday;
    DELETE FROM billing_earningday;
    -- In one statement, hence one snapshot: who commits after it is on the list by its own hand, once.
    WITH emptied AS (DELETE FROM billing_unrolled)
    INSERT INTO billing_unrolled (execution_id, customer_id, agent_id)
    SELECT id, customer_id, agent_id FROM billing_execution WHERE outcome <> '';
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;
