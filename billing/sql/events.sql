-- Meter events come in: one or a thousand, one call. An event is judged alone; what is refused leaves nothing behind.

-- The customers that subjects name, by public id or external id: none is both.
CREATE OR REPLACE FUNCTION billing_subject(p_subject text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT id FROM accounts_customer WHERE public_id = p_subject
    UNION ALL SELECT id FROM accounts_customer WHERE external_id = p_subject
    LIMIT 1
$$;

-- What a meter can count of an event: an exact number that is not negative, as a number or as text; of different values any.
CREATE OR REPLACE FUNCTION billing_countable(p_aggregation text, p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_aggregation WHEN 'count' THEN true
        WHEN 'unique' THEN jsonb_typeof(p_value) IN ('string', 'number', 'boolean')
        ELSE CASE jsonb_typeof(p_value)
            WHEN 'number' THEN p_value::numeric >= 0 AND p_value::numeric < 1e20 AND scale(p_value::numeric) <= 20
            WHEN 'string' THEN (p_value #>> '{}') ~ '^[0-9]{1,20}([.][0-9]{1,20})?$' END
        END IS TRUE
$$;

-- What is sent: an array of [source, id, type, subject, time or null, data], no key twice. Answers in its order: accepted;
-- duplicate (the same has come in before); reused (something else has, under this key); no_customer; property: and the
-- name of what a meter of this type misses.
CREATE OR REPLACE FUNCTION billing_ingest(p_events jsonb, p_now timestamptz) RETURNS text[]
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_answers text[];
BEGIN
    WITH sent AS MATERIALIZED (
        SELECT n, e ->> 0 AS source, e ->> 1 AS event_id, e ->> 2 AS type, e ->> 3 AS subject,
            coalesce((e ->> 4)::timestamptz, p_now) AS occurred_at, e -> 5 AS data
        FROM jsonb_array_elements(p_events) WITH ORDINALITY AS x(e, n)
    ), customers AS MATERIALIZED (
        -- As billing_subject does, in line: a function call costs ten times the look-up.
        SELECT subject, found.id FROM (SELECT DISTINCT subject FROM sent) s LEFT JOIN LATERAL (
            SELECT id FROM accounts_customer WHERE public_id = subject
            UNION ALL SELECT id FROM accounts_customer WHERE external_id = subject
            LIMIT 1
        ) found ON true
    ), meters AS MATERIALIZED (
        SELECT event_type, aggregation, property FROM marketplace_meter
        WHERE aggregation <> 'count' AND event_type IN (SELECT type FROM sent)
    ), lacking AS MATERIALIZED (
        SELECT n, min(m.property) AS property FROM sent JOIN meters m ON m.event_type = sent.type
        WHERE NOT billing_countable(m.aggregation, data -> m.property) GROUP BY n
    ), judged AS MATERIALIZED (
        SELECT sent.*, c.id AS customer,
            CASE WHEN c.id IS NULL THEN 'no_customer' ELSE 'property:' || lacking.property END AS refusal
        FROM sent JOIN customers c USING (subject) LEFT JOIN lacking USING (n)
    ), claimed AS (
        -- In one order (the cheapest), so that two batches with the same keys wait for one another and never for ever.
        INSERT INTO billing_metereventkey (source, event_id, occurred_at)
        SELECT source, event_id, occurred_at FROM judged WHERE refusal IS NULL ORDER BY source COLLATE "C", event_id COLLATE "C"
        ON CONFLICT DO NOTHING RETURNING source, event_id
    ), written AS (
        INSERT INTO billing_meterevent (source, event_id, type, customer_id, occurred_at, recorded_at, data)
        SELECT source, event_id, type, customer, occurred_at, p_now, data FROM judged JOIN claimed USING (source, event_id)
        RETURNING source, event_id
    )
    SELECT array_agg(coalesce(j.refusal, CASE WHEN w.source IS NULL THEN 'known' ELSE 'accepted' END) ORDER BY n)
    INTO v_answers
    FROM judged j LEFT JOIN written w USING (source, event_id);
    IF 'known' = ANY (v_answers) THEN v_answers := billing_ingest_known(p_events, v_answers); END IF;
    RETURN coalesce(v_answers, '{}');
END $$;

-- Judge those whose key is taken: the event that took it is found by what this one says, or it is another.
CREATE OR REPLACE FUNCTION billing_ingest_known(p_events jsonb, p_answers text[]) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(CASE WHEN answer <> 'known' THEN answer
        WHEN EXISTS (
            SELECT FROM billing_metereventkey k JOIN billing_meterevent m USING (source, event_id, occurred_at)
            WHERE k.source = e ->> 0 AND k.event_id = e ->> 1 AND m.type = e ->> 2
                AND m.customer_id = billing_subject(e ->> 3)
                AND k.occurred_at = coalesce((e ->> 4)::timestamptz, k.occurred_at) AND m.data = e -> 5
        ) THEN 'duplicate' ELSE 'reused' END ORDER BY n)
    FROM ROWS FROM (jsonb_array_elements(p_events), unnest(p_answers)) WITH ORDINALITY AS x(e, answer, n)
$$;

-- Reverse an event: it counts no more, whatever its meter does with it. Answers accepted, duplicate, reused, no_customer,
-- nothing_to_reverse (no such event of this type and customer), already_reversed, too_late (what it reverses happened
-- longer ago than p_since).
CREATE OR REPLACE FUNCTION billing_reverse(
    p_source text, p_event_id text, p_type text, p_subject text, p_reverses text, p_since timestamptz,
    p_now timestamptz
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_customer bigint := billing_subject(p_subject);
    v_at timestamptz;
    v_by text;
BEGIN
    IF v_customer IS NULL THEN RETURN 'no_customer'; END IF;
    SELECT k.occurred_at INTO v_at FROM billing_metereventkey k JOIN billing_meterevent m USING (source, event_id, occurred_at)
    WHERE k.source = p_source AND k.event_id = p_reverses AND m.type = p_type AND m.customer_id = v_customer;
    IF v_at IS NULL THEN RETURN 'nothing_to_reverse'; END IF;
    IF v_at < p_since THEN RETURN 'too_late'; END IF;
    -- Two that reverse the same wait for one another here, on its row.
    INSERT INTO billing_meterreversal (source, event_id, reversed_by, customer_id, recorded_at)
    VALUES (p_source, p_reverses, p_event_id, v_customer, p_now) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        SELECT reversed_by INTO v_by FROM billing_meterreversal WHERE source = p_source AND event_id = p_reverses;
        RETURN CASE WHEN v_by = p_event_id THEN 'duplicate' ELSE 'already_reversed' END;
    END IF;
    INSERT INTO billing_metereventkey (source, event_id, occurred_at) VALUES (p_source, p_event_id, p_now);
    RETURN 'accepted';
EXCEPTION WHEN unique_violation THEN
    -- Its own key is taken by something else: the reversal above is undone with it.
    RETURN 'reused';
END $$;
