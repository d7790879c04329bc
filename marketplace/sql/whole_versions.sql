-- A component arrives in the transaction that publishes its version, never later: so what a process has read of
-- a version once stays true for ever. The top-level transaction's id also covers savepoints.
ALTER TABLE marketplace_planversion ADD COLUMN published_in xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE FUNCTION marketplace_refuse_late_component() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM marketplace_planversion
      WHERE id = NEW.version_id AND published_in = pg_current_xact_id();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'version % is published: its % rows are complete', NEW.version_id, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER marketplace_price_in_time BEFORE INSERT ON marketplace_price
    FOR EACH ROW EXECUTE FUNCTION marketplace_refuse_late_component();
CREATE TRIGGER marketplace_splitshare_in_time BEFORE INSERT ON marketplace_splitshare
    FOR EACH ROW EXECUTE FUNCTION marketplace_refuse_late_component();
CREATE TRIGGER marketplace_subscriptiontier_in_time BEFORE INSERT ON marketplace_subscriptiontier
    FOR EACH ROW EXECUTE FUNCTION marketplace_refuse_late_component();

-- The shares of a version make a whole; judged at commit, when all rows are there.
CREATE FUNCTION marketplace_check_split() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    creators bigint;
BEGIN
    SELECT coalesce(sum(share_bp), 0) INTO creators FROM marketplace_splitshare WHERE version_id = NEW.id;
    IF creators + NEW.platform_share_bp <> 10000 THEN
        RAISE EXCEPTION 'the shares of version % make % of 10000 basis points',
            NEW.id, creators + NEW.platform_share_bp USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER marketplace_planversion_split_is_whole AFTER INSERT ON marketplace_planversion
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION marketplace_check_split();
