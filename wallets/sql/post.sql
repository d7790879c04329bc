-- The one writer of transactions that are not a run's. Wallets that people own are updated in id order (no
-- deadlock); platform wallets take entries without touching their row (no hot row).
--
-- A leg on a creator's wallet brings its image in USD along (`owed`, for a debt `creator_debt`): the difference of
-- the converted end points. p_plug takes what is then missing in USD; without it USD must balance by itself.
-- The cause (kind, source) is unique: a second call changes nothing and says o_replayed.

CREATE OR REPLACE FUNCTION wallets_post(
    p_kind text, p_source_type text, p_source_id text, p_actor text, p_description text,
    p_occurred_at timestamptz, p_now timestamptz, p_wallets bigint[], p_amounts bigint[], p_plug bigint,
    OUT o_transaction bigint, OUT o_replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_leg record;
    v_row record;
    v_owed bigint := 0;
    v_creator_debt bigint := 0;
    v_image bigint;
    v_usd bigint;
    v_unit text;
BEGIN
    INSERT INTO wallets_transaction
        (public_id, kind, source_type, source_id, actor, description, occurred_at, recorded_at)
    VALUES (public_id('ltx_'), p_kind, p_source_type, p_source_id, p_actor, p_description, p_occurred_at, p_now)
    ON CONFLICT (kind, source_type, source_id) DO NOTHING
    RETURNING id INTO o_transaction;
    o_replayed := o_transaction IS NULL;
    IF o_replayed THEN
        SELECT id INTO o_transaction FROM wallets_transaction
        WHERE kind = p_kind AND source_type = p_source_type AND source_id = p_source_id;
        RETURN;
    END IF;

    FOR v_leg IN
        SELECT w.id, sum(l.amount)::bigint AS amount
        FROM unnest(p_wallets, p_amounts) AS l(wallet, amount) JOIN wallets_wallet w ON w.id = l.wallet
        WHERE w.owner_type <> 'platform'
        GROUP BY w.id HAVING sum(l.amount) <> 0 ORDER BY w.id
    LOOP
        UPDATE wallets_wallet SET balance = balance + v_leg.amount, seq = seq + 1 WHERE id = v_leg.id
        RETURNING owner_type, unit, kind, balance, seq INTO v_row;
        INSERT INTO wallets_entry (transaction_id, wallet_id, unit, amount, wallet_seq, balance_after)
        VALUES (o_transaction, v_leg.id, v_row.unit, v_leg.amount, v_row.seq, v_row.balance);
        IF v_row.owner_type = 'creator' THEN
            v_image := wallets_usd(v_row.balance) - wallets_usd(v_row.balance - v_leg.amount);
            IF v_row.kind = 'debt' THEN v_creator_debt := v_creator_debt + v_image;
            ELSE v_owed := v_owed + v_image;
            END IF;
        END IF;
    END LOOP;

    SELECT coalesce(sum(l.amount), 0) + v_owed + v_creator_debt INTO v_usd
    FROM unnest(p_wallets, p_amounts) AS l(wallet, amount) JOIN wallets_wallet w ON w.id = l.wallet
    WHERE w.unit = 'USD';
    IF p_plug IS NULL THEN v_usd := 0; END IF;

    INSERT INTO wallets_entry (transaction_id, wallet_id, unit, amount)
    SELECT o_transaction, w.id, w.unit, sum(l.amount)
    FROM (
        SELECT * FROM unnest(p_wallets, p_amounts)
        UNION ALL SELECT wallets_platform('USD', 'owed'), v_owed WHERE v_owed <> 0
        UNION ALL SELECT wallets_platform('USD', 'creator_debt'), v_creator_debt WHERE v_creator_debt <> 0
        UNION ALL SELECT p_plug, -v_usd WHERE v_usd <> 0
    ) AS l(wallet, amount) JOIN wallets_wallet w ON w.id = l.wallet
    WHERE w.owner_type = 'platform'
    GROUP BY w.id, w.unit HAVING sum(l.amount) <> 0 ORDER BY w.id;

    SELECT unit INTO v_unit FROM wallets_entry WHERE transaction_id = o_transaction
    GROUP BY unit HAVING sum(amount) <> 0 LIMIT 1;
    IF v_unit IS NOT NULL THEN
        RAISE EXCEPTION '% % % does not balance in %', p_kind, p_source_type, p_source_id, v_unit
            USING ERRCODE = 'FB002';
    END IF;
    IF (SELECT count(*) FROM wallets_entry WHERE transaction_id = o_transaction) < 2 THEN
        RAISE EXCEPTION '% % % has fewer than two entries', p_kind, p_source_type, p_source_id
            USING ERRCODE = 'FB002';
    END IF;
END $$;
