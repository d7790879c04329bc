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
