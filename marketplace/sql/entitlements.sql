-- An entitlement arrives in the transaction that publishes its tier's version, as prices do (whole_versions.sql).
CREATE OR REPLACE FUNCTION marketplace_refuse_late_entitlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM marketplace_subscriptiontier t JOIN marketplace_planversion v ON v.id = t.version_id
      WHERE t.id = NEW.tier_id AND v.published_in = pg_current_xact_id();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tier % is published: its entitlements are complete', NEW.tier_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER marketplace_entitlement_in_time BEFORE INSERT ON marketplace_entitlement
    FOR EACH ROW EXECUTE FUNCTION marketplace_refuse_late_entitlement();
