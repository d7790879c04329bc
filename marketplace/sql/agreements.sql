-- An agreement that is in force keeps what is priced: its end may only come nearer, and not into the past; its recorded
-- terms may be reworded. Before it begins all of it may be amended but whose it is and over which plan. Time is what
-- the application says it is: each change brings its own.

CREATE OR REPLACE FUNCTION marketplace_keep_agreement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'an agreement is not deleted' USING ERRCODE = 'FB001';
    END IF;
    IF NEW.changed_at IS NULL OR NEW.changed_at < greatest(OLD.changed_at, OLD.created_at)
        OR (NEW.id, NEW.customer_id, NEW.plan_id, NEW.created_by, NEW.created_at)
            IS DISTINCT FROM (OLD.id, OLD.customer_id, OLD.plan_id, OLD.created_by, OLD.created_at)
        OR NEW.changed_at >= OLD.starts_at AND (
            (NEW.starts_at, NEW.metric, NEW.committed, NEW.discount_bp)
                IS DISTINCT FROM (OLD.starts_at, OLD.metric, OLD.committed, OLD.discount_bp)
            OR NEW.ends_at > OLD.ends_at
            OR NEW.ends_at < OLD.ends_at AND NEW.ends_at < NEW.changed_at)
    THEN
        RAISE EXCEPTION 'agreement % is in force and does not change like that', OLD.id USING ERRCODE = 'FB001';
    END IF;
    RETURN NEW;
END $$;
