-- Holds and what closes them. The caller has looked its key up first; the wallet's row is locked last.

CREATE OR REPLACE FUNCTION wallets_available(p_wallet bigint, p_now timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT balance - held + overdraft_limit - CASE WHEN next_expiry <= p_now
        THEN (SELECT coalesce(sum(due), 0)::bigint FROM wallets_due(p_wallet, p_now)) ELSE 0 END
    FROM wallets_wallet WHERE id = p_wallet
$$;

-- Place a hold on the first wallet that covers it. hold_id is null when none does; available is then the most that
-- one of them has.
CREATE OR REPLACE FUNCTION wallets_hold_place(
    p_wallets bigint[], p_amount bigint, p_source_type text, p_source_id text, p_public_id text,
    p_expires_at timestamptz, p_now timestamptz, OUT hold_id bigint, OUT wallet_id bigint, OUT available bigint
) LANGUAGE plpgsql AS $$
DECLARE v_wallet bigint; v_most bigint;
BEGIN
    FOREACH v_wallet IN ARRAY p_wallets LOOP
        PERFORM wallets_expire_due(v_wallet, p_now)
        FROM wallets_wallet w WHERE w.id = v_wallet AND w.next_expiry <= p_now;
        UPDATE wallets_wallet w SET held = w.held + p_amount
        WHERE w.id = v_wallet AND w.balance - w.held + w.overdraft_limit >= p_amount
        RETURNING w.balance - w.held + w.overdraft_limit INTO available;
        IF FOUND THEN
            wallet_id := v_wallet;
            INSERT INTO wallets_hold
                (public_id, wallet_id, amount, state, source_type, source_id, opened_at, expires_at)
            VALUES (p_public_id, v_wallet, p_amount, 'open', p_source_type, p_source_id, p_now, p_expires_at)
            RETURNING id INTO hold_id;
            RETURN;
        END IF;
        v_most := greatest(v_most, wallets_available(v_wallet, p_now));
    END LOOP;
    available := v_most;
END $$;

-- Close a hold without a charge; false when somebody else has closed it.
CREATE OR REPLACE FUNCTION wallets_hold_close(p_hold bigint, p_state text, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE v_hold record; v_next timestamptz;
BEGIN
    UPDATE wallets_hold SET state = p_state, closed_at = p_now WHERE id = p_hold AND state = 'open'
    RETURNING wallet_id, amount INTO v_hold;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE wallets_wallet SET held = held - v_hold.amount WHERE id = v_hold.wallet_id
    RETURNING next_expiry INTO v_next;
    -- What the hold leaned on may have fallen due meanwhile.
    IF v_next <= p_now THEN PERFORM wallets_expire_due(v_hold.wallet_id, p_now); END IF;
    RETURN true;
END $$;

-- Charge a wallet into clearing, closing its hold as settled when there is one. Grants burn in order; a grant that
-- expired after the hold was opened may still burn. Raises FB402 when available does not cover what is above the
-- hold, FB409 when the hold is closed already. A charge of 0 closes the hold and writes no transaction.
CREATE OR REPLACE FUNCTION wallets_capture(
    p_wallet bigint, p_amount bigint, p_hold bigint, p_source_type text, p_source_id text, p_actor text,
    p_occurred_at timestamptz, p_now timestamptz, OUT o_transaction bigint, OUT o_available bigint
) LANGUAGE plpgsql AS $$
DECLARE
    v_held bigint := 0;
    v_opened timestamptz := p_now;
    v_row record;
BEGIN
    IF p_amount < 0 THEN RAISE EXCEPTION 'a charge is never negative' USING ERRCODE = 'FB002'; END IF;
    IF p_hold IS NULL THEN
        PERFORM wallets_expire_due(p_wallet, p_now)
        FROM wallets_wallet w WHERE w.id = p_wallet AND w.next_expiry <= p_now;
    ELSE
        UPDATE wallets_hold SET state = 'settled', settled = p_amount, closed_at = p_now
        WHERE id = p_hold AND wallet_id = p_wallet AND state = 'open'
        RETURNING amount, opened_at INTO v_held, v_opened;
        IF NOT FOUND THEN RAISE EXCEPTION 'hold % is not open', p_hold USING ERRCODE = 'FB409'; END IF;
    END IF;

    UPDATE wallets_wallet
    SET balance = balance - p_amount, held = held - v_held, seq = seq + (p_amount > 0)::int
    WHERE id = p_wallet
        AND (p_amount <= v_held OR balance - held + v_held + overdraft_limit >= p_amount)
    RETURNING balance, held, overdraft_limit, seq, next_expiry INTO v_row;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'wallet % does not cover %', p_wallet, p_amount USING ERRCODE = 'FB402';
    END IF;

    IF p_amount > 0 THEN
        INSERT INTO wallets_transaction
            (public_id, kind, source_type, source_id, actor, description, occurred_at, recorded_at)
        VALUES (public_id('ltx_'), 'settle', p_source_type, p_source_id, p_actor, '', p_occurred_at, p_now)
        RETURNING id INTO o_transaction;
        INSERT INTO wallets_entry (transaction_id, wallet_id, unit, amount, wallet_seq, balance_after)
        VALUES (o_transaction, p_wallet, 'CREDITS', -p_amount, v_row.seq, v_row.balance),
               (o_transaction, wallets_platform('CREDITS', 'clearing'), 'CREDITS', p_amount, NULL, NULL);
        PERFORM wallets_burn(p_wallet, p_amount, v_opened, o_transaction);
    END IF;
    o_available := v_row.balance - v_row.held + v_row.overdraft_limit;
    IF v_row.next_expiry <= p_now THEN
        o_available := o_available - wallets_expire_due(p_wallet, p_now);
    END IF;
END $$;
