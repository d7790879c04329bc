-- Make the partitions of p_months months from p_from on, of every table that has them; say how many were new. Runs as
-- the tables' owner, for the application's role may not create tables. A month that has rows in the default partition
-- stays there.
CREATE OR REPLACE FUNCTION billing_make_partitions(p_from date, p_months int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_table text;
    v_name text;
    v_start timestamptz;
    v_end timestamptz;
    v_stays boolean;
    v_made int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('billing_make_partitions'));
    FOREACH v_table IN ARRAY ARRAY['billing_usageevent', 'billing_meterevent'] LOOP
        FOR i IN 0 .. p_months - 1 LOOP
            v_start := (date_trunc('month', p_from::timestamp) + make_interval(months => i)) AT TIME ZONE 'UTC';
            v_end := (date_trunc('month', p_from::timestamp) + make_interval(months => i + 1)) AT TIME ZONE 'UTC';
            v_name := v_table || to_char(v_start AT TIME ZONE 'UTC', '_"y"YYYY"m"MM');
            EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE occurred_at >= %L AND occurred_at < %L)',
                v_table || '_default', v_start, v_end) INTO v_stays;
            CONTINUE WHEN v_stays OR to_regclass(v_name) IS NOT NULL;
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', v_name, v_table, v_start, v_end);
            v_made := v_made + 1;
        END LOOP;
    END LOOP;
    RETURN v_made;
END $$;
