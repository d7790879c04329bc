-- Debts: what a wallet is below zero by. Whoever changes one has locked its wallet's row first.

-- A new paid grant pays what its wallet owes, arrears before overage (ledger.md rule 6).
CREATE OR REPLACE FUNCTION wallets_debts_pay(p_grant bigint, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE v_debt bigint;
BEGIN
    FOR v_debt IN
        SELECT d.id FROM wallets_creditgrant g JOIN wallets_walletdebt d ON d.wallet_id = g.wallet_id
        WHERE g.id = p_grant AND d.remaining > 0 ORDER BY d.kind
    LOOP
        PERFORM wallets_debt_pay(p_grant, v_debt, NULL, p_now);
    END LOOP;
    PERFORM wallets_recover(p_grant, p_now);
END $$;

-- Pay a debt from a grant, at most p_most of it where that is said. What not even a micro of a dollar stands for stays:
-- nothing could be booked of it.
CREATE OR REPLACE FUNCTION wallets_debt_pay(p_grant bigint, p_debt bigint, p_most bigint, p_now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_grant record;
    v_debt record;
    v_part bigint;
    v_cash bigint;
    v_carried bigint;
    v_posted record;
BEGIN
    SELECT * INTO STRICT v_grant FROM wallets_creditgrant WHERE id = p_grant;
    SELECT * INTO STRICT v_debt FROM wallets_walletdebt WHERE id = p_debt;
    v_part := least(v_grant.remaining, v_debt.remaining, p_most);
    IF v_part = 0 THEN RETURN; END IF;
    v_cash := wallets_cash_of(v_grant.cash_remaining, v_part, v_grant.remaining + v_grant.frozen);
    v_carried := wallets_cash_of(v_debt.carried, v_part, v_debt.remaining);
    IF v_cash = v_carried AND v_cash = 0 THEN RETURN; END IF;
    -- A grant may pay again what comes later, when it was given back what it had lost or burned: what was ever drawn of it
    -- numbers it.
    SELECT p.* INTO v_posted FROM wallets_post(
        'debt_payment', 'grant', concat_ws(':', v_grant.public_id, v_debt.kind, (
            SELECT nullif(count(*), 0) FROM wallets_grantdrawdown WHERE grant_id = p_grant)),
        'system', '', p_now, p_now,
        ARRAY[wallets_platform('USD', 'deferred'),
              wallets_platform('USD', CASE v_debt.kind WHEN 'arrears' THEN 'receivable' ELSE 'unbilled' END)],
        ARRAY[-v_cash, v_carried], wallets_platform('USD', 'revenue')) p;
    IF v_posted.o_replayed THEN
        RAISE EXCEPTION 'grant % has paid as its drawdown before', p_grant USING ERRCODE = 'FB002';
    END IF;
    UPDATE wallets_creditgrant SET remaining = remaining - v_part, burned = burned + v_part,
        cash_remaining = cash_remaining - v_cash WHERE id = p_grant;
    UPDATE wallets_walletdebt SET remaining = remaining - v_part, paid = paid + v_part,
        carried = carried - v_carried WHERE id = v_debt.id;
    INSERT INTO wallets_grantdrawdown (grant_id, debt_id, transaction_id, amount, cash)
    VALUES (p_grant, v_debt.id, v_posted.o_transaction, v_part, v_cash);
END $$;

-- What was written off is paid all the same by what its customer buys next, after all that is still owed, as far as no
-- hold needs it. It goes to the loss here; payouts gives those who bore the write-off beside the platform their part.
CREATE OR REPLACE FUNCTION wallets_recover(p_grant bigint, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_grant record;
    v_debt record;
    v_part bigint;
    v_cash bigint;
    v_transaction bigint;
BEGIN
    FOR v_debt IN
        SELECT d.* FROM wallets_creditgrant g JOIN wallets_walletdebt d ON d.wallet_id = g.wallet_id
        WHERE g.id = p_grant AND d.written_off > d.recovered ORDER BY d.id
    LOOP
        SELECT g.*, w.balance - w.held AS available INTO v_grant
        FROM wallets_creditgrant g JOIN wallets_wallet w ON w.id = g.wallet_id WHERE g.id = p_grant;
        v_part := least(v_grant.remaining, v_grant.available, v_debt.written_off - v_debt.recovered);
        EXIT WHEN v_part <= 0;
        v_cash := wallets_cash_of(v_grant.cash_remaining, v_part, v_grant.remaining + v_grant.frozen);
        SELECT o_transaction INTO v_transaction FROM wallets_post(
            'recovery', 'grant', concat_ws(':', v_grant.public_id, (
                SELECT nullif(count(*), 0) FROM wallets_grantdrawdown WHERE grant_id = p_grant)),
            'system', '', p_now, p_now,
            ARRAY[v_grant.wallet_id, wallets_platform('CREDITS', 'loss'), wallets_platform('USD', 'deferred')],
            ARRAY[-v_part, v_part, -v_cash], wallets_platform('USD', 'loss'));
        UPDATE wallets_creditgrant SET remaining = remaining - v_part, burned = burned + v_part,
            cash_remaining = cash_remaining - v_cash WHERE id = p_grant;
        INSERT INTO wallets_grantdrawdown (grant_id, transaction_id, amount, cash)
        VALUES (p_grant, v_transaction, v_part, v_cash);
        PERFORM wallets_recovered(v_debt.id, v_transaction, v_part, p_now);
    END LOOP;
END $$;

-- Write down that so much of what was written off was paid after all.
CREATE OR REPLACE FUNCTION wallets_recovered(p_debt bigint, p_transaction bigint, p_amount bigint, p_now timestamptz)
RETURNS void LANGUAGE sql AS $$
    UPDATE wallets_walletdebt SET recovered = recovered + p_amount WHERE id = p_debt;
    INSERT INTO wallets_debtrecovery (debt_id, transaction_id, amount, created_at)
    VALUES (p_debt, p_transaction, p_amount, p_now);
$$;

-- Move p_amount of a wallet's overage to an invoice of p_bill USD micros; once per source. The wallet comes up by it.
-- Of a meter's unit nothing was carried: all of the bill is revenue now.
CREATE OR REPLACE FUNCTION wallets_debt_bill(
    p_wallet bigint, p_amount bigint, p_bill bigint, p_source_type text, p_source_id text, p_actor text,
    p_description text, p_occurred_at timestamptz, p_now timestamptz, OUT o_transaction bigint, OUT o_replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_unit text;
    v_debt record;
    v_carried bigint;
BEGIN
    SELECT unit INTO v_unit FROM wallets_wallet WHERE id = p_wallet FOR NO KEY UPDATE;
    SELECT id INTO o_transaction FROM wallets_transaction
    WHERE kind = 'overage' AND source_type = p_source_type AND source_id = p_source_id;
    o_replayed := o_transaction IS NOT NULL;
    IF o_replayed THEN RETURN; END IF;
    SELECT * INTO v_debt FROM wallets_walletdebt
    WHERE wallet_id = p_wallet AND kind = 'overage' AND remaining > 0;
    IF p_amount <= 0 OR p_bill < 0 OR p_amount > coalesce(v_debt.remaining, 0) THEN
        RAISE EXCEPTION 'only % of wallet % is owed', coalesce(v_debt.remaining, 0), p_wallet USING ERRCODE = 'FB404';
    END IF;
    v_carried := wallets_cash_of(v_debt.carried, p_amount, v_debt.remaining);
    SELECT p.o_transaction INTO o_transaction FROM wallets_post(
        'overage', p_source_type, p_source_id, p_actor, p_description, p_occurred_at, p_now,
        ARRAY[p_wallet, wallets_issued(v_unit, 'overage'), wallets_platform('USD', 'unbilled'),
              wallets_platform('USD', 'receivable')],
        ARRAY[p_amount, -p_amount, v_carried, -p_bill], wallets_platform('USD', 'revenue')) p;
    UPDATE wallets_walletdebt SET remaining = remaining - p_amount, billed = billed + p_amount,
        carried = carried - v_carried WHERE id = v_debt.id;
END $$;

-- How far a wallet may go below zero; never less than it is already. Answers the limit that holds now.
CREATE OR REPLACE FUNCTION wallets_overdraft_set(p_wallet bigint, p_limit bigint, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE v_limit bigint;
BEGIN
    -- What falls due is no cover.
    PERFORM wallets_expire_due(p_wallet, p_now);
    UPDATE wallets_wallet SET overdraft_limit = greatest(p_limit, held - balance - arrears_allowance, 0)
    WHERE id = p_wallet RETURNING overdraft_limit INTO v_limit;
    RETURN v_limit;
END $$;
