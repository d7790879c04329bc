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
