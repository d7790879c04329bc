-- Closed days: a booking of something that happened on one lands at the start of the next open day, and says so.
-- It is not refused: what Stripe or a run did is a fact, however late we hear of it (I37).

-- Give the first day from p_day on that is not closed.
CREATE OR REPLACE FUNCTION wallets_open_day(p_day date) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM wallets_closedday WHERE day = p_day) THEN
        (SELECT min(c.day) + 1 FROM wallets_closedday c WHERE c.day >= p_day
            AND NOT EXISTS (SELECT FROM wallets_closedday n WHERE n.day = c.day + 1))
    ELSE p_day END
$$;

-- Called for what is written more than an hour after it happened; a day is closed later than that, so the hot path
-- pays one comparison. The lock is shared among writers: a day that is being closed waits for them, and they for it.
CREATE OR REPLACE FUNCTION wallets_land_in_open_day() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_day date := (NEW.occurred_at AT TIME ZONE 'UTC')::date;
    v_open date;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('wallets_closed_days'));
    v_open := wallets_open_day(v_day);
    IF v_open <> v_day THEN
        NEW.occurred_at := v_open::timestamp AT TIME ZONE 'UTC';
        NEW.description := left(NEW.description, 270) || ' (of ' || v_day || ', closed)';
    END IF;
    RETURN NEW;
END $$;

-- Keep late bookings waiting until the transaction ends: the day is judged and closed without one slipping in.
CREATE OR REPLACE FUNCTION wallets_closing() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtext('wallets_closed_days'))
$$;
