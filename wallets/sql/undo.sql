-- Undo: what was charged comes back, once per cause. Whatever paid for it has it again: each grant what it gave, each
-- debt its part, and where the debt was paid meanwhile the grants that paid it.

-- Take charges (settlements, uses of quotas) back in one transaction, with what others give for it (p_wallets,
-- p_amounts). Credits that come back to grants which have expired expire then, and are given anew until p_until
-- (ledger.md rule 12). Raises FB410 when an invoice has billed what was burned below zero, FB411 while a dispute is open
-- over what would come back. p_owing names grants whose purchase was given back, with at most how much its claws left owing
-- (p_most): what comes back to them pays that first, whatever their class, for it would have gone with the purchase.
CREATE OR REPLACE FUNCTION wallets_undo(
    p_charges bigint[], p_owing bigint[], p_most bigint[], p_wallets bigint[], p_amounts bigint[], p_kind text,
    p_source_type text, p_source_id text, p_actor text, p_description text, p_until timestamptz, p_now timestamptz,
    OUT o_transaction bigint, OUT o_replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_owners bigint[];
    v_drawn record;
    v_debt record;
    v_payer record;
    v_lapsed record;
    v_part bigint;
    v_cash bigint;
    v_left bigint;
    v_deferred bigint := 0;
    v_unbilled bigint := 0;
    v_wallets bigint[] := '{}';
    v_amounts bigint[] := '{}';
    d_grant bigint[] := '{}'; d_debt bigint[] := '{}'; d_amount bigint[] := '{}'; d_cash bigint[] := '{}';
    x_grant bigint[]; x_amount bigint[]; x_expired bigint[];
BEGIN
    SELECT array_agg(id) INTO v_owners FROM (
        SELECT id FROM wallets_wallet WHERE owner_type <> 'platform' AND id IN (
            SELECT coalesce(g.wallet_id, w.wallet_id) FROM wallets_grantdrawdown d
            LEFT JOIN wallets_creditgrant g ON g.id = d.grant_id LEFT JOIN wallets_walletdebt w ON w.id = d.debt_id
            WHERE d.transaction_id = ANY (p_charges)
            UNION SELECT unnest(p_wallets))
        ORDER BY id FOR NO KEY UPDATE
    ) locked;
    SELECT id INTO o_transaction FROM wallets_transaction
    WHERE kind = p_kind AND source_type = p_source_type AND source_id = p_source_id;
    o_replayed := o_transaction IS NOT NULL;
    IF o_replayed THEN RETURN; END IF;
    IF EXISTS (
        SELECT FROM wallets_grantdrawdown d JOIN wallets_frozenlot f ON f.grant_id = d.grant_id AND f.thawed_at IS NULL
        WHERE d.transaction_id = ANY (p_charges)) THEN
        RAISE EXCEPTION 'a dispute is open over what % % burned', p_source_type, p_source_id USING ERRCODE = 'FB411';
    END IF;

    FOR v_drawn IN
        SELECT d.*, w.id AS wallet_id, w.unit FROM wallets_grantdrawdown d
        LEFT JOIN wallets_creditgrant g ON g.id = d.grant_id LEFT JOIN wallets_walletdebt o ON o.id = d.debt_id
        JOIN wallets_wallet w ON w.id = coalesce(g.wallet_id, o.wallet_id)
        WHERE d.transaction_id = ANY (p_charges) ORDER BY d.id
    LOOP
        v_wallets := v_wallets || v_drawn.wallet_id;
        v_amounts := v_amounts || v_drawn.amount;
        IF v_drawn.unit <> 'CREDITS' THEN
            v_wallets := v_wallets || wallets_platform(v_drawn.unit, 'used');
            v_amounts := v_amounts || -v_drawn.amount;
        END IF;
        IF v_drawn.grant_id IS NOT NULL THEN
            PERFORM wallets_grant_return(v_drawn.grant_id, v_drawn.amount, v_drawn.cash);
            v_deferred := v_deferred + v_drawn.cash;
            d_grant := d_grant || v_drawn.grant_id; d_debt := d_debt || NULL::bigint;
            d_amount := d_amount || v_drawn.amount; d_cash := d_cash || v_drawn.cash;
            CONTINUE;
        END IF;
        -- What is still owed of the debt is owed no more; then who paid it last has it back.
        SELECT * INTO v_debt FROM wallets_walletdebt WHERE id = v_drawn.debt_id;
        v_part := least(v_drawn.amount, v_debt.remaining);
        v_cash := CASE WHEN v_part > 0 THEN wallets_cash_of(v_debt.carried, v_part, v_debt.remaining) ELSE 0 END;
        v_unbilled := v_unbilled + v_cash;
        d_grant := d_grant || NULL::bigint; d_debt := d_debt || v_debt.id;
        d_amount := d_amount || v_drawn.amount; d_cash := d_cash || v_cash;
        v_left := v_drawn.amount - v_part;
        UPDATE wallets_walletdebt SET remaining = remaining - v_part, carried = carried - v_cash,
            paid = paid - v_left, waived = waived + v_drawn.amount
        WHERE id = v_debt.id AND paid >= v_left;
        IF NOT FOUND THEN
            RAISE EXCEPTION '% of debt % is on an invoice', v_left - v_debt.paid, v_debt.id USING ERRCODE = 'FB410';
        END IF;
        FOR v_payer IN
            SELECT grant_id, sum(amount)::bigint AS amount, sum(cash)::bigint AS cash FROM wallets_grantdrawdown
            WHERE debt_id = v_debt.id AND grant_id IS NOT NULL
            GROUP BY grant_id HAVING sum(amount) > 0 ORDER BY max(id) DESC
        LOOP
            EXIT WHEN v_left = 0;
            v_part := least(v_left, v_payer.amount);
            v_cash := wallets_cash_of(v_payer.cash, v_part, v_payer.amount);
            PERFORM wallets_grant_return(v_payer.grant_id, v_part, v_cash);
            v_deferred := v_deferred + v_cash;
            d_grant := d_grant || v_payer.grant_id; d_debt := d_debt || v_debt.id;
            d_amount := d_amount || v_part; d_cash := d_cash || v_cash;
            v_left := v_left - v_part;
        END LOOP;
    END LOOP;

    SELECT p.o_transaction INTO o_transaction FROM wallets_post(
        p_kind, p_source_type, p_source_id, p_actor, p_description, p_now, p_now,
        v_wallets || p_wallets || ARRAY[wallets_platform('USD', 'deferred'), wallets_platform('USD', 'unbilled')],
        v_amounts || p_amounts || ARRAY[v_deferred, v_unbilled], wallets_platform('USD', 'revenue')) p;
    INSERT INTO wallets_grantdrawdown (grant_id, debt_id, transaction_id, amount, cash)
    SELECT x.grant_id, x.debt_id, o_transaction, -x.amount, -x.cash
    FROM unnest(d_grant, d_debt, d_amount, d_cash) AS x(grant_id, debt_id, amount, cash);

    PERFORM wallets_debt_pay(g.id, d.id, o.most, p_now) FROM unnest(p_owing, p_most) WITH ORDINALITY AS o(id, most, n)
    JOIN wallets_creditgrant g ON g.id = o.id AND (g.expires_at IS NULL OR g.expires_at > p_now)
    JOIN wallets_walletdebt d ON d.wallet_id = g.wallet_id AND d.kind = 'arrears' AND d.remaining > 0
    ORDER BY o.n;
    -- They are credits as any other again: the paid ones pay what is owed, and what is due expires.
    PERFORM wallets_debts_pay(id, p_now) FROM wallets_creditgrant
    WHERE id = ANY (d_grant) AND funding_class = 'paid' ORDER BY id;
    SELECT array_agg(g.id), array_agg(x.amount), array_agg(g.expired) INTO x_grant, x_amount, x_expired
    FROM (SELECT grant_id, sum(amount)::bigint AS amount FROM unnest(d_grant, d_amount) AS d(grant_id, amount) GROUP BY 1) x
    JOIN wallets_creditgrant g ON g.id = x.grant_id JOIN wallets_wallet w ON w.id = g.wallet_id
    WHERE g.expires_at <= p_now AND w.unit = 'CREDITS';
    PERFORM wallets_expire_due(id, p_now) FROM unnest(v_owners) id JOIN wallets_wallet w USING (id)
    WHERE w.owner_type = 'consumer';
    FOR v_lapsed IN
        SELECT g.*, least(x.amount, g.expired - x.expired) AS lost, p_source_id || ':' || g.public_id AS cause
        FROM unnest(x_grant, x_amount, x_expired) AS x(id, amount, expired) JOIN wallets_creditgrant g USING (id)
        WHERE least(x.amount, g.expired - x.expired) > 0 ORDER BY g.id
    LOOP
        PERFORM wallets_post('regrant', p_source_type, v_lapsed.cause, p_actor, p_description, p_now, p_now,
            ARRAY[wallets_issued('CREDITS', v_lapsed.funding_class), v_lapsed.wallet_id],
            ARRAY[-v_lapsed.lost, v_lapsed.lost], NULL);
        PERFORM wallets_grant_add(v_lapsed.wallet_id, v_lapsed.funding_class, v_lapsed.lost, 0, v_lapsed.priority,
            p_until, 'regrant', v_lapsed.cause, p_now);
    END LOOP;
END $$;

-- Give a grant back what had burned of it, with its cash.
CREATE OR REPLACE FUNCTION wallets_grant_return(p_grant bigint, p_amount bigint, p_cash bigint) RETURNS void
LANGUAGE sql AS $$
    UPDATE wallets_creditgrant SET remaining = remaining + p_amount, burned = burned - p_amount,
        cash_remaining = cash_remaining + p_cash WHERE id = p_grant;
    UPDATE wallets_wallet w SET next_expiry = least(w.next_expiry, g.expires_at)
    FROM wallets_creditgrant g WHERE g.id = p_grant AND w.id = g.wallet_id AND g.expires_at IS NOT NULL;
$$;
