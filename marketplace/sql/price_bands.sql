-- A band arrives in the transaction that publishes its price's version, as prices do (whole_versions.sql).
CREATE OR REPLACE FUNCTION marketplace_refuse_late_band() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM marketplace_price p JOIN marketplace_planversion v ON v.id = p.version_id
      WHERE p.id = NEW.price_id AND v.published_in = pg_current_xact_id();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'price % is published: its bands are complete', NEW.price_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER marketplace_priceband_in_time BEFORE INSERT ON marketplace_priceband
    FOR EACH ROW EXECUTE FUNCTION marketplace_refuse_late_band();
