-- Clawing: a purchase was paid back, so its credits go; spent or not. Once per cause, under the locks of its wallets: a
-- payment of two plans may have filled two. What its own lots do not bear is one wallet's.
--
-- What is still there of the purchase is voided, bonus first (ledger.md rule 4). Where that does not suffice, other
-- paid credits bear it, as far as no hold leans on them and no dispute is open over them (rule 16), and the rest goes
-- below zero as arrears: a forced debit, so the wallet's floor is lowered for it (rule 9).

-- What giving back p_usd (of it p_tax is tax) of a purchase takes, lot by lot; the row without a grant goes below zero
-- and its cash is what `receivable` carries for it. How much: as many credits of the purchase as dollars of its price
-- were given back so far, less what was taken before (rule 17). What would be left and is not worth a cent goes along:
-- nobody could be given money for it later.
CREATE OR REPLACE FUNCTION wallets_claw_parts(
    p_wallet bigint, p_purchase text, p_grants bigint[], p_price bigint, p_usd bigint, p_tax bigint, p_now timestamptz
) RETURNS TABLE (o_grant bigint, o_amount bigint, o_cash bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_bought bigint;
    v_rest record;
    v_before record;
    v_lot record;
    v_free bigint;
    v_loose boolean;
    v_left bigint;
    v_given bigint := 0;
BEGIN
    SELECT sum(amount) INTO v_bought FROM wallets_creditgrant WHERE id = ANY (p_grants);
    SELECT coalesce(sum(amount), 0)::bigint AS amount, coalesce(sum(usd), 0)::bigint AS usd INTO v_before
    FROM wallets_claw WHERE purchase = p_purchase;
    SELECT coalesce(sum(remaining), 0)::bigint AS amount, coalesce(sum(cash_remaining), 0)::bigint AS cash INTO v_rest
    FROM wallets_creditgrant
    WHERE id = ANY (p_grants) AND remaining > 0 AND (expires_at IS NULL OR expires_at > p_now);
    SELECT greatest(balance - held, 0) INTO v_free FROM wallets_wallet WHERE id = p_wallet;
    SELECT coalesce(bool_and(own.amount <= w.balance - w.held), true) INTO v_loose
    FROM (
        SELECT wallet_id, sum(remaining) AS amount FROM wallets_creditgrant
        WHERE id = ANY (p_grants) AND remaining > 0 AND (expires_at IS NULL OR expires_at > p_now) GROUP BY 1
    ) own JOIN wallets_wallet w ON w.id = own.wallet_id;

    v_left := greatest(
        least(div(v_bought::numeric * (v_before.usd + p_usd), p_price)::bigint, v_bought) - v_before.amount, 0);
    IF v_left < v_rest.amount AND v_loose
        AND v_rest.cash - wallets_cash_of(v_rest.cash, v_left, v_rest.amount) < 10000 THEN
        v_left := v_rest.amount;
    END IF;
    FOR v_lot IN
        SELECT g.*, g.id = ANY (p_grants) AS own FROM wallets_creditgrant g
        WHERE g.remaining > 0 AND (g.expires_at IS NULL OR g.expires_at > p_now)
            -- A disputed lot may have nothing frozen: a hold leaned on it when the dispute opened.
            AND (g.id = ANY (p_grants) OR (g.wallet_id = p_wallet AND g.funding_class = 'paid' AND NOT EXISTS (
                SELECT FROM wallets_frozenlot f WHERE f.grant_id = g.id AND f.thawed_at IS NULL)))
        ORDER BY own DESC, g.funding_class <> 'bonus', g.expires_at NULLS LAST, g.id
    LOOP
        EXIT WHEN v_left = 0;
        o_amount := least(v_left, v_lot.remaining);
        IF NOT v_lot.own THEN o_amount := least(o_amount, v_free); END IF;
        CONTINUE WHEN o_amount = 0;
        o_grant := v_lot.id;
        o_cash := wallets_cash_of(v_lot.cash_remaining, o_amount, v_lot.remaining + v_lot.frozen);
        v_given := v_given + o_cash;
        IF v_lot.wallet_id = p_wallet THEN v_free := greatest(v_free - o_amount, 0); END IF;
        v_left := v_left - o_amount;
        RETURN NEXT;
    END LOOP;
    IF v_left > 0 THEN
        o_grant := NULL;
        o_amount := v_left;
        o_cash := greatest(p_usd - p_tax - v_given, 0);
        RETURN NEXT;
    END IF;
END $$;

-- Lock the wallets of a purchase's grants and the one that bears the rest, in id order, and name them.
CREATE OR REPLACE FUNCTION wallets_lock_bearers(p_wallet bigint, p_grants bigint[]) RETURNS bigint[]
LANGUAGE sql VOLATILE AS $$
    SELECT array_agg(id ORDER BY id) FROM (
        SELECT w.id FROM wallets_wallet w
        WHERE w.id = ANY (p_wallet || ARRAY(SELECT g.wallet_id FROM wallets_creditgrant g WHERE g.id = ANY (p_grants)))
        ORDER BY w.id FOR NO KEY UPDATE
    ) locked
$$;

-- Owe p_amount more for what was taken by force; answers the debt.
CREATE OR REPLACE FUNCTION wallets_arrears_add(p_wallet bigint, p_amount bigint, p_carried bigint, p_now timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_id bigint;
BEGIN
    UPDATE wallets_walletdebt SET amount = amount + p_amount, remaining = remaining + p_amount,
        carried = carried + p_carried
    WHERE wallet_id = p_wallet AND kind = 'arrears' AND remaining > 0 RETURNING id INTO v_id;
    IF NOT FOUND THEN
        INSERT INTO wallets_walletdebt (wallet_id, kind, amount, remaining, paid, billed, waived, carried, created_at)
        VALUES (p_wallet, 'arrears', p_amount, p_amount, 0, 0, 0, p_carried, p_now) RETURNING id INTO v_id;
    END IF;
    RETURN v_id;
END $$;

-- Claw what p_usd given back of a purchase stands for. p_account is where the dollars left: `stripe_cash` for a refund,
-- `disputes` for a lost dispute (whose frozen credits the caller has given back to their lots just before).
CREATE OR REPLACE FUNCTION wallets_claw(
    p_wallet bigint, p_purchase text, p_grants bigint[], p_price bigint, p_usd bigint, p_tax bigint, p_account text,
    p_kind text, p_source_type text, p_source_id text, p_actor text, p_description text, p_occurred_at timestamptz,
    p_now timestamptz, OUT o_claw bigint, OUT o_replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_owners bigint[];
    v_part record;
    v_parts record;
    v_transaction bigint;
    v_debt bigint;
BEGIN
    v_owners := wallets_lock_bearers(p_wallet, p_grants);
    SELECT c.id INTO o_claw FROM wallets_transaction t JOIN wallets_claw c ON c.transaction_id = t.id
    WHERE t.kind = p_kind AND t.source_type = p_source_type AND t.source_id = p_source_id;
    o_replayed := o_claw IS NOT NULL;
    IF o_replayed THEN RETURN; END IF;
    PERFORM wallets_expire_due(w, p_now) FROM unnest(v_owners) w;

    SELECT coalesce(array_agg(p.o_grant), '{}') AS grants, coalesce(array_agg(p.o_amount), '{}') AS amounts,
        coalesce(array_agg(p.o_cash), '{}') AS cash, coalesce(array_agg(-p.o_amount), '{}') AS taken,
        coalesce(array_agg(coalesce(g.wallet_id, p_wallet)), '{}') AS wallets,
        coalesce(array_agg(wallets_issued('CREDITS', coalesce(g.funding_class, 'paid'))), '{}') AS issued,
        coalesce(sum(p.o_amount), 0)::bigint AS total,
        coalesce(sum(p.o_cash) FILTER (WHERE p.o_grant IS NOT NULL), 0)::bigint AS deferred,
        coalesce(sum(p.o_cash) FILTER (WHERE p.o_grant IS NULL), 0)::bigint AS carried
    INTO v_parts
    FROM wallets_claw_parts(p_wallet, p_purchase, p_grants, p_price, p_usd, p_tax, p_now) p
    LEFT JOIN wallets_creditgrant g ON g.id = p.o_grant;

    -- Only a forced debit lowers the floor; what may be reserved ignores it, so spending stays blocked.
    UPDATE wallets_wallet w SET arrears_allowance = greatest(
        arrears_allowance, held - (balance - x.amount) - overdraft_limit)
    FROM (SELECT wallet, sum(amount)::bigint AS amount FROM unnest(v_parts.wallets, v_parts.amounts) u(wallet, amount)
        GROUP BY 1) x WHERE w.id = x.wallet;
    SELECT p.o_transaction INTO v_transaction FROM wallets_post(
        p_kind, p_source_type, p_source_id, p_actor, p_description, p_occurred_at, p_now,
        v_parts.issued || v_parts.wallets || ARRAY[wallets_platform('USD', p_account),
            wallets_platform('USD', 'tax'), wallets_platform('USD', 'deferred'), wallets_platform('USD', 'receivable')],
        v_parts.amounts || v_parts.taken || ARRAY[p_usd, -p_tax, -v_parts.deferred, -v_parts.carried],
        wallets_platform('USD', 'revenue')) p;
    INSERT INTO wallets_claw (transaction_id, wallet_id, purchase, amount, usd, tax, deferred, carried, created_at)
    VALUES (v_transaction, p_wallet, p_purchase, v_parts.total, p_usd, p_tax, v_parts.deferred, v_parts.carried, p_now)
    RETURNING id INTO o_claw;
    FOR v_part IN SELECT * FROM unnest(v_parts.grants, v_parts.amounts, v_parts.cash) AS x(grant_id, amount, cash) LOOP
        v_debt := NULL;
        IF v_part.grant_id IS NULL THEN
            v_debt := wallets_arrears_add(p_wallet, v_part.amount, v_part.cash, p_now);
        ELSE
            UPDATE wallets_creditgrant SET remaining = remaining - v_part.amount, voided = voided + v_part.amount,
                cash_remaining = cash_remaining - v_part.cash WHERE id = v_part.grant_id;
        END IF;
        INSERT INTO wallets_clawpart (claw_id, grant_id, debt_id, amount, cash)
        VALUES (o_claw, v_part.grant_id, v_debt, v_part.amount, v_part.cash);
    END LOOP;
END $$;

-- Arrears that nobody will pay are owed no more: p_amount of a debt, whose wallet the caller brings up by as much in the
-- same transaction. Answers what `receivable` carried for it.
CREATE OR REPLACE FUNCTION wallets_arrears_write_off(p_debt bigint, p_amount bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_debt record;
    v_carried bigint;
BEGIN
    PERFORM 1 FROM wallets_wallet w JOIN wallets_walletdebt d ON d.wallet_id = w.id WHERE d.id = p_debt
    FOR NO KEY UPDATE OF w;
    SELECT * INTO STRICT v_debt FROM wallets_walletdebt WHERE id = p_debt AND kind = 'arrears';
    IF p_amount <= 0 OR p_amount > v_debt.remaining THEN
        RAISE EXCEPTION 'only % of debt % is owed', v_debt.remaining, p_debt USING ERRCODE = 'FB404';
    END IF;
    v_carried := wallets_cash_of(v_debt.carried, p_amount, v_debt.remaining);
    UPDATE wallets_walletdebt SET remaining = remaining - p_amount, written_off = written_off + p_amount,
        carried = carried - v_carried WHERE id = p_debt;
    RETURN v_carried;
END $$;

-- Take a claw back, for its money came back: each lot gets what it gave. Of arrears, what is still owed is owed no
-- more; what was paid meanwhile is the customer's, as paid credits; what was written off has come up already, so that
-- is recovered, and the platform's until those who bore it have their part.
CREATE OR REPLACE FUNCTION wallets_unclaw(
    p_claw bigint, p_account text, p_kind text, p_source_type text, p_source_id text, p_actor text, p_description text,
    p_occurred_at timestamptz, p_now timestamptz, OUT o_claw bigint, OUT o_replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_claw record;
    v_owners bigint[];
    v_part record;
    v_debt record;
    v_open bigint;
    v_written bigint := 0;
    v_written_cash bigint := 0;
    v_carried bigint := 0;
    v_paid bigint := 0;
    v_paid_cash bigint := 0;
    v_transaction bigint;
    v_wallets bigint[] := '{}';
    v_amounts bigint[] := '{}';
    v_grant bigint;
BEGIN
    SELECT * INTO STRICT v_claw FROM wallets_claw WHERE id = p_claw;
    v_owners := wallets_lock_bearers(v_claw.wallet_id, ARRAY(
        SELECT grant_id FROM wallets_clawpart WHERE claw_id = p_claw AND grant_id IS NOT NULL));
    SELECT id INTO o_claw FROM wallets_claw WHERE undoes_id = p_claw;
    o_replayed := o_claw IS NOT NULL;
    IF o_replayed THEN RETURN; END IF;

    FOR v_part IN
        SELECT p.*, g.funding_class, coalesce(g.wallet_id, v_claw.wallet_id) AS wallet_id
        FROM wallets_clawpart p LEFT JOIN wallets_creditgrant g ON g.id = p.grant_id
        WHERE p.claw_id = p_claw ORDER BY p.id
    LOOP
        v_wallets := v_wallets
            || ARRAY[wallets_issued('CREDITS', coalesce(v_part.funding_class, 'paid')), v_part.wallet_id];
        v_amounts := v_amounts || ARRAY[-v_part.amount, v_part.amount];
        CONTINUE WHEN v_part.debt_id IS NULL;
        SELECT * INTO v_debt FROM wallets_walletdebt WHERE id = v_part.debt_id;
        v_open := least(v_part.amount, v_debt.remaining);
        v_written := least(v_part.amount - v_open, v_debt.written_off - v_debt.recovered);
        v_written_cash := wallets_cash_of(v_part.cash, v_written, v_part.amount);
        v_paid := v_part.amount - v_open - v_written;
        IF v_paid > 0 THEN
            -- Worth what was paid for it, before it was written off or after: those lots lost no more and no less.
            SELECT coalesce(wallets_cash_of(sum(cash)::bigint, v_paid, nullif(sum(amount), 0)::bigint), v_paid_cash)
            INTO v_paid_cash FROM wallets_grantdrawdown WHERE grant_id IS NOT NULL AND (debt_id = v_debt.id
                OR transaction_id IN (SELECT transaction_id FROM wallets_debtrecovery WHERE debt_id = v_debt.id));
        END IF;
        IF v_open > 0 THEN
            v_carried := wallets_cash_of(v_debt.carried, v_open, v_debt.remaining);
            UPDATE wallets_walletdebt SET remaining = remaining - v_open, waived = waived + v_open,
                carried = carried - v_carried WHERE id = v_debt.id;
        END IF;
    END LOOP;
    SELECT p.o_transaction INTO v_transaction FROM wallets_post(
        p_kind, p_source_type, p_source_id, p_actor, p_description, p_occurred_at, p_now,
        v_wallets || ARRAY[wallets_platform('CREDITS', 'loss'), v_claw.wallet_id, wallets_platform('USD', p_account),
            wallets_platform('USD', 'tax'), wallets_platform('USD', 'deferred'), wallets_platform('USD', 'receivable'),
            wallets_platform('USD', 'loss')],
        v_amounts || ARRAY[v_written, -v_written, -v_claw.usd, v_claw.tax, v_claw.deferred + v_paid_cash,
            v_carried, v_written_cash],
        wallets_platform('USD', 'revenue')) p;
    IF v_written > 0 THEN PERFORM wallets_recovered(v_debt.id, v_transaction, v_written, p_now); END IF;
    INSERT INTO wallets_claw
        (transaction_id, wallet_id, purchase, amount, usd, tax, deferred, carried, undoes_id, created_at)
    VALUES (v_transaction, v_claw.wallet_id, v_claw.purchase, -v_claw.amount, -v_claw.usd, -v_claw.tax,
        -v_claw.deferred, -v_claw.carried, p_claw, p_now) RETURNING id INTO o_claw;
    INSERT INTO wallets_clawpart (claw_id, grant_id, debt_id, amount, cash)
    SELECT o_claw, grant_id, debt_id, -amount, -cash FROM wallets_clawpart WHERE claw_id = p_claw;
    FOR v_part IN SELECT * FROM wallets_clawpart WHERE claw_id = p_claw AND grant_id IS NOT NULL ORDER BY id LOOP
        UPDATE wallets_creditgrant SET remaining = remaining + v_part.amount, voided = voided - v_part.amount,
            cash_remaining = cash_remaining + v_part.cash WHERE id = v_part.grant_id;
        UPDATE wallets_wallet w SET next_expiry = least(w.next_expiry, g.expires_at)
        FROM wallets_creditgrant g WHERE g.id = v_part.grant_id AND w.id = g.wallet_id AND g.expires_at IS NOT NULL;
        PERFORM wallets_debts_pay(id, p_now) FROM wallets_creditgrant
        WHERE id = v_part.grant_id AND funding_class = 'paid';
    END LOOP;
    IF v_paid > 0 THEN
        v_grant := wallets_grant_add(v_claw.wallet_id, 'paid', v_paid, v_paid_cash, 0, NULL, 'claw', o_claw::text, p_now);
    END IF;
    PERFORM wallets_expire_due(w, p_now) FROM unnest(v_owners) w;
END $$;
