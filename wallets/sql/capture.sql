-- Charging wallets into clearing: one claim or a thousand in one go, one statement a table.
--
-- Claims are judged one after another, in the order given, by arithmetic over arrays: what is read at the start is
-- locked, so the running figures are the true ones, and nothing is written before the last claim is judged.

DO $$ BEGIN
    IF to_regtype('wallets_claim') IS NULL THEN
        CREATE TYPE wallets_claim AS (
            wallets bigint[],        -- the first that covers it pays; with a hold, the hold's
            wanted bigint,           -- null: the hold is released
            hold bigint,             -- closed by the claim; null: there is none
            held bigint,             -- what the hold has reserved
            opened timestamptz,      -- a grant that had expired before does not burn
            short text,              -- when nobody covers it: refuse, take the hold alone, or take the rest there is
            source_id text,
            actor text,
            occurred_at timestamptz
        );
        CREATE TYPE wallets_taken AS (
            charged bigint,          -- null: refused
            wallet bigint,
            available bigint,        -- what the wallet has afterwards; of a refused claim, the most that one has
            transaction bigint,
            wallet_seq bigint,
            balance bigint
        );
    END IF;
    -- A quota is a wallet of a meter's unit. What is claimed of it stands and falls with the credits.
    IF NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = 'wallets_claim'::regclass AND attname = 'quota' AND NOT attisdropped)
    THEN
        ALTER TYPE wallets_claim
            ADD ATTRIBUTE quota bigint,          -- its wallet; null: none is needed
            ADD ATTRIBUTE quota_wanted bigint,
            ADD ATTRIBUTE quota_hold bigint,     -- closed by the claim; null: there is none
            ADD ATTRIBUTE quota_held bigint;
        ALTER TYPE wallets_taken
            ADD ATTRIBUTE quota_used bigint,     -- null: none was needed, or the claim is refused
            ADD ATTRIBUTE quota_free bigint,     -- what it has afterwards; of a claim it refused, what it has
            ADD ATTRIBUTE quota_transaction bigint,
            ADD ATTRIBUTE quota_seq bigint,
            ADD ATTRIBUTE quota_balance bigint;
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'wallets_claim'::regclass AND attname = 'quota_opened' AND NOT attisdropped)
    THEN
        ALTER TYPE wallets_claim ADD ATTRIBUTE quota_opened timestamptz; -- as `opened`, of the quota's grants
    END IF;
END $$;

-- What claims took of quotas: their holds close, and each has a transaction of its own in the meter's unit.
CREATE OR REPLACE FUNCTION wallets_take_quotas(
    p_claims wallets_claim[], p_taken wallets_taken[], p_closing int, p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE v_closed int;
BEGIN
    UPDATE wallets_hold h SET closed_at = p_now,
        state = CASE WHEN x.quota_wanted IS NULL THEN 'released' ELSE 'settled' END,
        settled = CASE WHEN x.quota_wanted IS NOT NULL THEN x.quota_used END
    FROM (
        SELECT * FROM ROWS FROM (unnest(p_claims), unnest(p_taken)) z
        WHERE z.quota_hold IS NOT NULL AND z.quota_used IS NOT NULL LIMIT p_closing
    ) x
    WHERE h.id = x.quota_hold AND h.wallet_id = x.quota AND h.closed_at IS NULL;
    GET DIAGNOSTICS v_closed = ROW_COUNT;
    IF v_closed < p_closing THEN
        RAISE EXCEPTION '% of % holds are not open', p_closing - v_closed, p_closing USING ERRCODE = 'FB409';
    END IF;
    INSERT INTO wallets_transaction
        (id, public_id, kind, source_type, source_id, actor, description, occurred_at, recorded_at)
    SELECT x.quota_transaction, public_id('ltx_'), 'quota', 'quota', x.source_id, x.actor, '', x.occurred_at, p_now
    FROM ROWS FROM (unnest(p_claims), unnest(p_taken)) x WHERE x.quota_transaction IS NOT NULL;
    INSERT INTO wallets_entry (transaction_id, wallet_id, unit, amount, wallet_seq, balance_after)
    SELECT x.quota_transaction, leg.wallet, w.unit, leg.amount, leg.seq, leg.balance
    FROM ROWS FROM (unnest(p_claims), unnest(p_taken)) x JOIN wallets_wallet w ON w.id = x.quota, LATERAL (
        VALUES (x.quota, -x.quota_used, x.quota_seq, x.quota_balance),
            (wallets_platform(w.unit, 'used'), x.quota_used, NULL, NULL)
    ) AS leg(wallet, amount, seq, balance)
    WHERE x.quota_transaction IS NOT NULL;
END $$;

-- What was burned below zero: each wallet's open debt grows, or a new one begins.
CREATE OR REPLACE FUNCTION wallets_take_below(
    p_debts bigint[], p_wallets bigint[], p_transactions bigint[], p_amounts bigint[], p_cash bigint[],
    p_now timestamptz
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO wallets_walletdebt AS d
        (id, wallet_id, kind, amount, remaining, paid, billed, waived, carried, created_at)
    SELECT x.debt, min(x.wallet), 'overage', sum(x.amount), sum(x.amount), 0, 0, 0, sum(x.cash), p_now
    FROM unnest(p_debts, p_wallets, p_amounts, p_cash) AS x(debt, wallet, amount, cash) GROUP BY x.debt
    ON CONFLICT (id) DO UPDATE SET amount = d.amount + excluded.amount, remaining = d.remaining + excluded.amount,
        carried = d.carried + excluded.carried;
    INSERT INTO wallets_grantdrawdown (debt_id, transaction_id, amount, cash)
    SELECT * FROM unnest(p_debts, p_transactions, p_amounts, p_cash);
$$;

-- Write what was judged. The arrays of wallets and grants say how they end; those that did not change are left alone.
CREATE OR REPLACE FUNCTION wallets_take_write(
    p_source_type text, p_claims wallets_claim[], p_taken wallets_taken[], p_wallets bigint[], p_balances bigint[],
    p_held bigint[], p_seqs bigint[], p_grants bigint[], p_remaining bigint[], p_cash_remaining bigint[],
    p_drawn_grants bigint[], p_drawn_transactions bigint[], p_drawn_amounts bigint[], p_drawn_cash bigint[],
    p_closing int, p_moved boolean, p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE v_closed int;
BEGIN
    IF p_closing > 0 THEN
        UPDATE wallets_hold h SET closed_at = p_now,
            state = CASE WHEN x.wanted IS NULL THEN 'released' ELSE 'settled' END,
            settled = CASE WHEN x.wanted IS NOT NULL THEN x.charged END
        FROM (
            -- The limit, which takes nothing away, tells the planner that these are few: it looks each hold up, and
            -- does not walk all of a table that was small when the plan was made.
            SELECT * FROM ROWS FROM (unnest(p_claims), unnest(p_taken)) z
            WHERE z.hold IS NOT NULL AND z.charged IS NOT NULL LIMIT p_closing
        ) x
        WHERE h.id = x.hold AND h.wallet_id = x.wallet AND h.closed_at IS NULL;
        GET DIAGNOSTICS v_closed = ROW_COUNT;
        IF v_closed < p_closing THEN
            RAISE EXCEPTION '% of % holds are not open', p_closing - v_closed, p_closing USING ERRCODE = 'FB409';
        END IF;
    END IF;
    UPDATE wallets_wallet w SET balance = x.balance, held = x.held, seq = x.seq
    FROM unnest(p_wallets, p_balances, p_held, p_seqs) AS x(id, balance, held, seq)
    WHERE w.id = x.id AND (w.held <> x.held OR w.seq <> x.seq);
    IF NOT p_moved THEN RETURN; END IF;

    INSERT INTO wallets_transaction
        (id, public_id, kind, source_type, source_id, actor, description, occurred_at, recorded_at)
    SELECT x.transaction, public_id('ltx_'), 'settle', p_source_type, x.source_id, x.actor, '', x.occurred_at, p_now
    FROM ROWS FROM (unnest(p_claims), unnest(p_taken)) x WHERE x.transaction IS NOT NULL;
    INSERT INTO wallets_entry (transaction_id, wallet_id, unit, amount, wallet_seq, balance_after)
    SELECT x.transaction, leg.wallet, 'CREDITS', leg.amount, leg.seq, leg.balance
    FROM wallets_platform('CREDITS', 'clearing') clearing, unnest(p_taken) x, LATERAL (
        VALUES (x.wallet, -x.charged, x.wallet_seq, x.balance), (clearing, x.charged, NULL, NULL)
    ) AS leg(wallet, amount, seq, balance)
    WHERE x.transaction IS NOT NULL;
    UPDATE wallets_creditgrant g SET remaining = x.remaining, burned = g.burned + g.remaining - x.remaining,
        cash_remaining = x.cash_remaining
    FROM unnest(p_grants, p_remaining, p_cash_remaining) AS x(id, remaining, cash_remaining)
    WHERE g.id = x.id AND g.remaining <> x.remaining;
    INSERT INTO wallets_grantdrawdown (grant_id, transaction_id, amount, cash)
    SELECT * FROM unnest(p_drawn_grants, p_drawn_transactions, p_drawn_amounts, p_drawn_cash);
END $$;

-- Judge claims in their order and take what they are due. Grants burn in order; a grant that expired after a hold was
-- opened may still burn; what no grant covers, in a wallet that may go below zero, is burned into its debt. Raises
-- FB409 when a hold is closed already. p_alone: the caller sees to expiry.
CREATE OR REPLACE FUNCTION wallets_take(
    p_source_type text, p_claims wallets_claim[], p_now timestamptz, p_alone boolean DEFAULT false
) RETURNS wallets_taken[] LANGUAGE plpgsql AS $$
DECLARE
    -- The wallets by id, and their grants by wallet in burn order.
    w_id bigint[]; w_balance bigint[]; w_held bigint[]; w_overdraft bigint[]; w_seq bigint[]; w_due bigint[];
    g_id bigint[]; g_wallet bigint[]; g_remaining bigint[]; g_frozen bigint[]; g_cash bigint[];
    g_expires timestamptz[];
    -- What was drawn: of grants, and below zero. The open debts by place of their wallet, and all that they ever were.
    d_grant bigint[]; d_transaction bigint[]; d_amount bigint[]; d_cash bigint[];
    x_debt bigint[]; x_wallet bigint[]; x_transaction bigint[]; x_amount bigint[]; x_cash bigint[];
    w_debt bigint[]; w_owing bigint[];
    v_overdue boolean;
    v_claim wallets_claim;
    v_taken wallets_taken;
    v_all wallets_taken[] := '{}';
    v_debt record;
    v_wallet bigint;
    v_transaction bigint;
    w int;
    q int;
    v_free bigint;
    v_most bigint;
    v_held bigint;
    v_quota_held bigint;
    v_left bigint;
    v_take bigint;
    v_cash bigint;
    v_closing int := 0;
    v_quotas_closing int := 0;
    v_quotas boolean := false;
    v_moved boolean := false;
BEGIN
    SELECT array_agg(id), array_agg(balance), array_agg(held), array_agg(overdraft_limit), array_agg(seq),
        bool_or(next_expiry <= p_now), array_agg(CASE WHEN next_expiry <= p_now THEN (
            SELECT coalesce(sum(due), 0)::bigint FROM wallets_due(id, p_now)) ELSE 0 END)
    INTO w_id, w_balance, w_held, w_overdraft, w_seq, v_overdue, w_due
    FROM (
        SELECT id, balance, held, overdraft_limit, seq, next_expiry FROM wallets_wallet
        WHERE id = ANY (ARRAY(SELECT unnest(c.wallets || c.quota) FROM unnest(p_claims) c))
        ORDER BY id FOR NO KEY UPDATE
    ) locked;
    IF v_overdue AND NOT p_alone THEN RETURN wallets_take_apart(p_source_type, p_claims, p_now); END IF;
    SELECT array_agg(id), coalesce(array_agg(wallet_id), '{}'), array_agg(remaining), array_agg(frozen),
        array_agg(cash_remaining), array_agg(expires_at)
    INTO g_id, g_wallet, g_remaining, g_frozen, g_cash, g_expires
    FROM (
        SELECT g.* FROM unnest(w_id) x JOIN wallets_creditgrant g ON g.wallet_id = x AND g.remaining > 0
        ORDER BY g.wallet_id, g.priority, g.expires_at NULLS LAST, wallets_class_rank(g.funding_class), g.id
    ) burning;

    FOREACH v_claim IN ARRAY p_claims LOOP
        v_taken := NULL; v_most := NULL; v_free := NULL; v_wallet := NULL;
        v_held := CASE WHEN v_claim.hold IS NULL THEN 0 ELSE v_claim.held END;
        FOREACH v_wallet IN ARRAY v_claim.wallets LOOP
            w := width_bucket(v_wallet, w_id);
            IF w_id[w] IS DISTINCT FROM v_wallet THEN RAISE EXCEPTION 'there is no wallet %', v_wallet; END IF;
            -- What is due to expire is not there to be taken.
            v_free := w_balance[w] - w_held[w] + w_overdraft[w] - w_due[w];
            v_most := greatest(v_most, v_free);
            EXIT WHEN v_claim.wanted <= v_free;
        END LOOP;
        v_taken.charged := CASE
            WHEN v_claim.wanted IS NULL THEN 0
            WHEN v_claim.wanted <= v_held THEN v_claim.wanted
            WHEN v_claim.wanted <= v_free + v_held THEN v_claim.wanted
            -- With a hold expiry comes after the charge.
            WHEN v_claim.short = 'refuse' THEN CASE
                WHEN v_claim.hold IS NOT NULL AND v_claim.wanted <= v_free + w_due[w] + v_held THEN v_claim.wanted END
            WHEN v_claim.short = 'hold' THEN v_held
            ELSE least(v_claim.wanted, greatest(v_free, 0)) END;
        v_taken.available := v_most;
        IF v_claim.quota IS NOT NULL AND v_taken.charged IS NOT NULL THEN
            q := width_bucket(v_claim.quota, w_id);
            v_quota_held := CASE WHEN v_claim.quota_hold IS NULL THEN 0 ELSE v_claim.quota_held END;
            v_free := w_balance[q] - w_held[q] + w_overdraft[q] - w_due[q];
            v_taken.quota_used := CASE
                WHEN v_claim.quota_wanted IS NULL THEN 0
                WHEN v_claim.quota_wanted <= greatest(v_quota_held, v_free + v_quota_held) THEN v_claim.quota_wanted
                WHEN v_claim.short = 'hold' THEN v_quota_held
                WHEN v_claim.short = 'rest' THEN greatest(v_free, 0) END;
            v_taken.quota_free := v_free;
            IF v_taken.quota_used IS NULL THEN
                v_taken.charged := NULL;
            ELSE
                w_balance[q] := w_balance[q] - v_taken.quota_used;
                w_held[q] := w_held[q] - v_quota_held;
                v_taken.quota_free := v_free + v_quota_held - v_taken.quota_used;
                v_quotas_closing := v_quotas_closing + (v_claim.quota_hold IS NOT NULL)::int;
                v_quotas := true;
            END IF;
        END IF;
        IF v_taken.charged IS NOT NULL AND v_wallet IS NOT NULL THEN
            w_balance[w] := w_balance[w] - v_taken.charged;
            w_held[w] := w_held[w] - v_held;
            v_closing := v_closing + (v_claim.hold IS NOT NULL)::int;
            v_taken.wallet := v_wallet;
            v_taken.available := w_balance[w] - w_held[w] + w_overdraft[w]
                - CASE WHEN v_claim.hold IS NULL THEN w_due[w] ELSE 0 END;
        END IF;
        -- First the credits, then the quota.
        FOR part IN 1 .. CASE WHEN v_claim.quota IS NULL THEN 1 ELSE 2 END LOOP
            v_left := CASE part WHEN 1 THEN v_taken.charged ELSE v_taken.quota_used END;
            CONTINUE WHEN v_taken.charged IS NULL OR coalesce(v_left, 0) <= 0;
            v_wallet := CASE part WHEN 1 THEN v_taken.wallet ELSE v_claim.quota END;
            w := width_bucket(v_wallet, w_id);
            w_seq[w] := w_seq[w] + 1;
            -- The seals rely on it: whoever has taken an id holds this lock until it commits.
            IF NOT v_moved THEN LOCK TABLE wallets_transaction IN ROW EXCLUSIVE MODE; END IF;
            v_moved := true;
            v_transaction := nextval('wallets_transaction_id_seq');
            IF part = 1 THEN
                v_taken.wallet_seq := w_seq[w]; v_taken.balance := w_balance[w]; v_taken.transaction := v_transaction;
            ELSE
                v_taken.quota_seq := w_seq[w]; v_taken.quota_balance := w_balance[w];
                v_taken.quota_transaction := v_transaction;
            END IF;
            FOR g IN width_bucket(v_wallet - 1, g_wallet) + 1 .. width_bucket(v_wallet, g_wallet) LOOP
                CONTINUE WHEN g_remaining[g] = 0
                    OR g_expires[g] <= CASE part WHEN 1 THEN v_claim.opened ELSE v_claim.quota_opened END;
                v_take := least(g_remaining[g], v_left);
                v_cash := wallets_cash_of(g_cash[g], v_take, g_remaining[g] + g_frozen[g]);
                g_remaining[g] := g_remaining[g] - v_take;
                g_cash[g] := g_cash[g] - v_cash;
                d_grant := array_append(d_grant, g_id[g]);
                d_transaction := array_append(d_transaction, v_transaction);
                d_amount := array_append(d_amount, v_take);
                d_cash := array_append(d_cash, v_cash);
                v_left := v_left - v_take;
                EXIT WHEN v_left = 0;
            END LOOP;
            CONTINUE WHEN v_left = 0;
            -- Whoever has owed may: a hold of that time may find its grants expired. So may whoever was clawed: the
            -- grants may be gone that an open hold leaned on.
            IF w_overdraft[w] = 0 AND NOT EXISTS (SELECT FROM wallets_walletdebt WHERE wallet_id = v_wallet)
                AND NOT EXISTS (SELECT FROM wallets_creditgrant g JOIN wallets_clawpart p ON p.grant_id = g.id
                    WHERE g.wallet_id = v_wallet) THEN
                RAISE EXCEPTION 'wallet %: grants fall short of the balance by %', v_wallet, v_left
                    USING ERRCODE = 'FB003';
            END IF;
            IF w_debt[w] IS NULL THEN
                SELECT coalesce(d.id, nextval('wallets_walletdebt_id_seq')) AS id, coalesce(d.amount, 0) AS amount
                INTO v_debt FROM (VALUES (v_wallet)) x(wallet) LEFT JOIN wallets_walletdebt d
                    ON d.wallet_id = x.wallet AND d.kind = 'overage' AND d.remaining > 0;
                w_debt[w] := v_debt.id;
                w_owing[w] := v_debt.amount;
            END IF;
            x_debt := array_append(x_debt, w_debt[w]);
            x_wallet := array_append(x_wallet, v_wallet);
            x_transaction := array_append(x_transaction, v_transaction);
            x_amount := array_append(x_amount, v_left);
            -- What a dollar account carries for it, by end points; a meter's units have no price yet.
            x_cash := array_append(x_cash, CASE part
                WHEN 1 THEN wallets_usd(w_owing[w] + v_left) - wallets_usd(w_owing[w]) ELSE 0 END);
            w_owing[w] := w_owing[w] + v_left;
        END LOOP;
        v_all := array_append(v_all, v_taken);
    END LOOP;
    PERFORM wallets_take_write(p_source_type, p_claims, v_all, w_id, w_balance, w_held, w_seq, g_id, g_remaining,
        g_cash, d_grant, d_transaction, d_amount, d_cash, v_closing, v_moved, p_now);
    IF v_quotas THEN PERFORM wallets_take_quotas(p_claims, v_all, v_quotas_closing, p_now); END IF;
    IF x_debt IS NOT NULL THEN
        PERFORM wallets_take_below(x_debt, x_wallet, x_transaction, x_amount, x_cash, p_now);
    END IF;
    RETURN v_all;
END $$;

-- The same where a wallet has grants to expire: its claims go alone, with expiry before (without a hold, of the wallet
-- that pays: a refused claim leaves nothing behind) or after (what the hold leaned on falls due when it closes); the
-- claims between them go together. All wallets are locked.
CREATE OR REPLACE FUNCTION wallets_take_apart(p_source_type text, p_claims wallets_claim[], p_now timestamptz)
RETURNS wallets_taken[] LANGUAGE plpgsql AS $$
DECLARE
    v_all wallets_taken[] := '{}';
    v_first int := 1;
    v_claim wallets_claim;
    v_taken wallets_taken;
    v_payer bigint;
    v_passes boolean;
BEGIN
    FOR n IN 1 .. cardinality(p_claims) LOOP
        v_claim := p_claims[n];
        CONTINUE WHEN NOT EXISTS (
            SELECT 1 FROM wallets_wallet WHERE id = ANY (v_claim.wallets || v_claim.quota) AND next_expiry <= p_now);
        IF v_first < n THEN
            v_all := v_all || wallets_take(p_source_type, p_claims[v_first : n - 1], p_now, true);
        END IF;
        SELECT x.w INTO v_payer FROM unnest(v_claim.wallets) WITH ORDINALITY AS x(w, place),
            wallets_available(x.w, p_now) free
        WHERE free >= v_claim.wanted OR (v_claim.short = 'rest' AND free > 0) ORDER BY place LIMIT 1;
        v_passes := v_claim.short <> 'refuse' OR ((v_claim.hold IS NOT NULL OR v_payer IS NOT NULL) AND (
            v_claim.quota IS NULL OR v_claim.quota_wanted IS NULL
            OR v_claim.quota_wanted <= wallets_available(v_claim.quota, p_now)));
        IF v_passes AND v_claim.hold IS NULL AND v_claim.wanted > 0 THEN
            PERFORM wallets_expire_due(v_payer, p_now) WHERE v_payer IS NOT NULL;
        END IF;
        IF v_passes AND v_claim.quota_hold IS NULL AND v_claim.quota_wanted > 0 THEN
            PERFORM wallets_expire_due(v_claim.quota, p_now);
        END IF;
        v_taken := (wallets_take(p_source_type, ARRAY[v_claim], p_now, true))[1];
        IF v_claim.hold IS NOT NULL AND v_taken.charged IS NOT NULL THEN
            v_taken.available := v_taken.available - wallets_expire_due(v_taken.wallet, p_now);
        END IF;
        IF v_claim.quota_hold IS NOT NULL AND v_taken.charged IS NOT NULL THEN
            v_taken.quota_free := v_taken.quota_free - wallets_expire_due(v_claim.quota, p_now);
        END IF;
        v_all := v_all || v_taken;
        v_first := n + 1;
    END LOOP;
    IF v_first <= cardinality(p_claims) THEN
        v_all := v_all || wallets_take(p_source_type, p_claims[v_first : ], p_now, true);
    END IF;
    RETURN v_all;
END $$;

-- Charge one wallet into clearing, closing its hold as settled when there is one. Raises FB402 when available does
-- not cover what is above the hold, FB409 when the hold is closed already. A charge of 0 writes no transaction.
CREATE OR REPLACE FUNCTION wallets_capture(
    p_wallet bigint, p_amount bigint, p_hold bigint, p_source_type text, p_source_id text, p_actor text,
    p_occurred_at timestamptz, p_now timestamptz, OUT o_transaction bigint, OUT o_available bigint
) LANGUAGE plpgsql AS $$
DECLARE
    v_hold record;
    v_taken wallets_taken;
BEGIN
    IF p_amount < 0 THEN RAISE EXCEPTION 'a charge is never negative' USING ERRCODE = 'FB002'; END IF;
    SELECT amount, opened_at INTO v_hold FROM wallets_hold
    WHERE id = p_hold AND wallet_id = p_wallet AND state = 'open' FOR NO KEY UPDATE;
    IF p_hold IS NOT NULL AND NOT FOUND THEN
        RAISE EXCEPTION 'hold % is not open', p_hold USING ERRCODE = 'FB409';
    END IF;
    v_taken := (wallets_take(p_source_type, ARRAY[ROW(ARRAY[p_wallet], p_amount, p_hold, v_hold.amount,
        coalesce(v_hold.opened_at, p_now), 'refuse', p_source_id, p_actor, p_occurred_at, NULL, NULL, NULL, NULL,
        NULL)::wallets_claim], p_now))[1];
    IF v_taken.charged IS NULL THEN
        RAISE EXCEPTION 'wallet % does not cover %', p_wallet, p_amount USING ERRCODE = 'FB402';
    END IF;
    o_transaction := v_taken.transaction;
    o_available := v_taken.available;
END $$;
