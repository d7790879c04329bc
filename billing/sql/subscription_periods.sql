-- A period of a subscription keeps what it says. Its end may come nearer while it is open (a plan left early), and what
-- is empty may be filled in once: who paid, when its credits came, when its usage was billed and read for the last time.

CREATE OR REPLACE FUNCTION billing_keep_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a period of a subscription is not deleted' USING ERRCODE = 'FB001';
    END IF;
    IF (NEW.id, NEW.subscription_id, NEW.number, NEW.tier_id, NEW.quantity, NEW.starts_at, NEW.credits, NEW.amount_cents)
        IS DISTINCT FROM
       (OLD.id, OLD.subscription_id, OLD.number, OLD.tier_id, OLD.quantity, OLD.starts_at, OLD.credits, OLD.amount_cents)
        OR NEW.ends_at > OLD.ends_at OR NEW.ends_at < OLD.ends_at AND OLD.closed_at IS NOT NULL
        OR OLD.payment_intent_id <> '' AND NEW.payment_intent_id IS DISTINCT FROM OLD.payment_intent_id
        OR OLD.granted_at IS NOT NULL AND NEW.granted_at IS DISTINCT FROM OLD.granted_at
        OR OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at
        OR OLD.read_at IS NOT NULL AND NEW.read_at IS DISTINCT FROM OLD.read_at
    THEN
        RAISE EXCEPTION 'period % of subscription % does not change like that', OLD.number, OLD.subscription_id
            USING ERRCODE = 'FB001';
    END IF;
    RETURN NEW;
END $$;

-- Seats that were added keep what they say as well; who paid and when they came is filled in once.
CREATE OR REPLACE FUNCTION billing_keep_seats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'seats that were added are not deleted' USING ERRCODE = 'FB001';
    END IF;
    IF (NEW.id, NEW.period_id, NEW.number, NEW.seats, NEW.amount_cents, NEW.credits, NEW.included, NEW.added_at)
        IS DISTINCT FROM
       (OLD.id, OLD.period_id, OLD.number, OLD.seats, OLD.amount_cents, OLD.credits, OLD.included, OLD.added_at)
        OR OLD.payment_intent_id <> '' AND NEW.payment_intent_id IS DISTINCT FROM OLD.payment_intent_id
        OR OLD.granted_at IS NOT NULL AND NEW.granted_at IS DISTINCT FROM OLD.granted_at
    THEN
        RAISE EXCEPTION 'seats % of period % do not change like that', OLD.number, OLD.period_id
            USING ERRCODE = 'FB001';
    END IF;
    RETURN NEW;
END $$;

-- A trial happened, and is not had again: only that its customer was told may be written down.
CREATE OR REPLACE FUNCTION billing_keep_trial() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.told_at IS NOT NULL
        OR (NEW.id, NEW.customer_id, NEW.plan_id, NEW.subscription_id, NEW.started_at, NEW.ends_at)
        IS DISTINCT FROM
           (OLD.id, OLD.customer_id, OLD.plan_id, OLD.subscription_id, OLD.started_at, OLD.ends_at)
    THEN
        RAISE EXCEPTION 'trial % does not change', OLD.id USING ERRCODE = 'FB001';
    END IF;
    RETURN NEW;
END $$;
