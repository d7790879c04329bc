-- The shares of a version make a whole; judged at commit, when all rows are there. Prices on top are all fixed, and
-- together half a dollar at most: of them platform_share_bp says the least that the platform has.
CREATE OR REPLACE FUNCTION marketplace_check_split() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_found record;
BEGIN
    SELECT coalesce(sum(share_bp), 0) AS creators, coalesce(sum(fixed_cents), 0) AS cents,
        count(DISTINCT kind) AS kinds INTO v_found
    FROM marketplace_splitshare WHERE version_id = NEW.id;
    IF v_found.kinds > 1 OR v_found.cents > 50 THEN
        RAISE EXCEPTION 'the prices on top of version % are % kinds and % cents', NEW.id, v_found.kinds, v_found.cents
            USING ERRCODE = 'check_violation';
    END IF;
    IF v_found.cents = 0 AND v_found.creators + NEW.platform_share_bp <> 10000 THEN
        RAISE EXCEPTION 'the shares of version % make % of 10000 basis points',
            NEW.id, v_found.creators + NEW.platform_share_bp USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
