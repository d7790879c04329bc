-- A move keeps what was decided and told: it is told of once and closed once, and never deleted.

CREATE OR REPLACE FUNCTION billing_keep_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a move of a subscriber is not deleted' USING ERRCODE = 'FB001';
    END IF;
    IF (NEW.id, NEW.subscription_id, NEW.from_tier_id, NEW.tier_id, NEW.reason, NEW.actor, NEW.created_at, NEW.notice_days)
        IS DISTINCT FROM
       (OLD.id, OLD.subscription_id, OLD.from_tier_id, OLD.tier_id, OLD.reason, OLD.actor, OLD.created_at, OLD.notice_days)
        OR OLD.told_at IS NOT NULL AND NEW.told_at IS DISTINCT FROM OLD.told_at
        OR OLD.state <> 'planned' AND (NEW.state, NEW.closed_at, NEW.period_id, NEW.told_at)
            IS DISTINCT FROM (OLD.state, OLD.closed_at, OLD.period_id, OLD.told_at)
    THEN
        RAISE EXCEPTION 'move % of subscription % does not change like that', OLD.id, OLD.subscription_id
            USING ERRCODE = 'FB001';
    END IF;
    RETURN NEW;
END $$;
