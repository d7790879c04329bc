-- The split of one charge: cells of one largest remainder over funding class x payee, exactly as
-- marketplace/splits.py does it (a property test compares the two). Platform first at a tie, then the classes in
-- burn order, then the payees as the version lists them.

CREATE OR REPLACE FUNCTION billing_class_order(p_funding_class text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT array_position(ARRAY['plan', 'promo', 'bonus', 'adjustment', 'paid', 'overage'], p_funding_class)
$$;

-- Any number of classes and payees; arguments and answer are those of billing_split.
CREATE OR REPLACE FUNCTION billing_split_many(p_classes jsonb, p_shares jsonb, p_rates jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    WITH class AS (
        SELECT key AS name, billing_class_order(key) AS rank, value::numeric AS amount,
            (p_rates ->> key)::numeric AS rate
        FROM jsonb_each_text(p_classes)
    ), share AS (
        SELECT (s ->> 0)::bigint AS creator, (s ->> 1)::numeric AS bp, n AS rank
        FROM jsonb_array_elements(p_shares) WITH ORDINALITY AS x(s, n)
    ), weighed AS (
        SELECT name, NULL::bigint AS creator, 0 AS side, rank, 0::bigint AS payee,
            amount * (100000000 - rate * coalesce((SELECT sum(bp) FROM share), 0)) AS weight
        FROM class
        UNION ALL
        SELECT c.name, s.creator, 1, c.rank, s.rank, c.amount * s.bp * c.rate FROM class c CROSS JOIN share s
    ), whole AS (
        SELECT sum(amount) AS total, sum(amount) * 100000000 AS weight FROM class
    ), part AS (
        SELECT w.*, div(t.total * w.weight, t.weight) AS floor,
            row_number() OVER (
                ORDER BY mod(t.total * w.weight, t.weight) DESC, w.side, w.rank, w.payee) AS place
        FROM weighed w CROSS JOIN whole t WHERE t.total > 0
    ), extra AS (
        SELECT max(t.total) - sum(p.floor) AS micros FROM part p CROSS JOIN whole t
    )
    SELECT coalesce(jsonb_agg(
        jsonb_build_array(p.name, p.creator, (p.floor + (p.place <= e.micros)::int)::bigint)
        ORDER BY p.side, p.rank, p.payee), '[]')
    FROM part p CROSS JOIN extra e
$$;

-- p_classes: {"paid": 700, "bonus": 300}; p_shares: [[creator, share_bp], ...] in the version's order;
-- p_rates: what each class earns, in basis points. Answers [[class, creator or null, amount], ...].
CREATE OR REPLACE FUNCTION billing_split(p_classes jsonb, p_shares jsonb, p_rates jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_count int;
    v_class text;
    v_amount numeric;
    v_earned numeric;
BEGIN
    SELECT count(*), min(key), min(value::numeric) INTO v_count, v_class, v_amount FROM jsonb_each_text(p_classes);
    IF v_count <> 1 OR v_amount <= 0 OR jsonb_array_length(p_shares) <> 1 THEN
        RETURN billing_split_many(p_classes, p_shares, p_rates);
    END IF;
    -- Nearly every run: of two cells the larger remainder gets the micro, and the platform does when both are halves.
    v_earned := v_amount * (p_shares -> 0 ->> 1)::numeric * (p_rates ->> v_class)::numeric;
    v_earned := div(2 * v_earned + 99999999, 200000000);
    RETURN jsonb_build_array(
        jsonb_build_array(v_class, NULL, (v_amount - v_earned)::bigint),
        jsonb_build_array(v_class, (p_shares -> 0 ->> 0)::bigint, v_earned::bigint));
END $$;

-- Whether a creator would earn from itself: the payer is its customer, or they share a member (ledger.md rule 20).
CREATE OR REPLACE FUNCTION billing_is_self(p_payer bigint, p_customer bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_payer = p_customer OR EXISTS (
        SELECT 1 FROM accounts_membership mine JOIN accounts_membership theirs ON theirs.user_id = mine.user_id
        WHERE mine.customer_id = p_payer AND theirs.customer_id = p_customer)
$$;

-- Who earns from a payer's run of a version; a payee that would earn from itself is left out, so that the platform
-- takes its part.
CREATE OR REPLACE FUNCTION billing_shares(p_version bigint, p_payer bigint, OUT o_shares jsonb, OUT o_self_dealing boolean)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_array(creator_id, share_bp) ORDER BY id) FILTER (WHERE NOT self), '[]'),
        coalesce(bool_or(self), false)
    FROM (
        SELECT s.*, billing_is_self(p_payer, c.customer_id) AS self
        FROM marketplace_splitshare s JOIN marketplace_creator c ON c.id = s.creator_id
        WHERE s.version_id = p_version OFFSET 0 -- judged once a payee, not once in each aggregate
    ) judged
$$;

-- Split what a transaction drew from grants (nothing when it is null), and write what each creator earns of it.
-- Zero cash: the part of a class that came from grants nobody paid for; the platform bears what creators earn of it.
-- A creator's plan sold below the face of its credits earns fee / face (ledger.md rule 18): its creator made the price.
CREATE OR REPLACE FUNCTION billing_split_drawn(
    p_execution bigint, p_transaction bigint, p_customer bigint, p_agent bigint, p_version bigint, p_rates jsonb,
    p_now timestamptz, OUT o_cells jsonb, OUT o_earned bigint, OUT o_zero_cash bigint, OUT o_cash bigint,
    OUT o_processing bigint, OUT o_self_dealing boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_classes jsonb;
    v_unpaid jsonb;
    v_rates jsonb;
    v_shares jsonb;
BEGIN
    o_cells := '[]'; o_earned := 0; o_zero_cash := 0; o_cash := 0; o_processing := 0; o_self_dealing := false;
    IF p_transaction IS NULL THEN RETURN; END IF;
    SELECT jsonb_object_agg(funding_class, amount), jsonb_object_agg(funding_class, unpaid),
        jsonb_object_agg(funding_class, rate), sum(cash), sum(fee)
    INTO v_classes, v_unpaid, v_rates, o_cash, o_processing
    FROM (
        SELECT d.funding_class, sum(d.amount) AS amount, sum(d.cash) AS cash,
            coalesce(sum(d.amount) FILTER (WHERE d.grant_cash = 0), 0) AS unpaid,
            div(sum(d.amount * least((p_rates ->> d.funding_class)::numeric, t.rate)), sum(d.amount)) AS rate,
            sum(div(d.cash::numeric * coalesce(t.fee_cents, 0), coalesce(t.amount_cents, 1))) AS fee
        FROM wallets_drawn(p_transaction) d
        LEFT JOIN LATERAL (
            SELECT fee_cents, amount_cents, NULL::numeric AS rate FROM billing_topup
            WHERE d.source_type = 'payment_intent' AND payment_intent_id = d.source_id
            UNION ALL
            SELECT fee_cents, amount_cents, div(amount_cents::numeric * 10000 * 10000, wallets_usd(credits))
            FROM billing_subscription
            WHERE d.source_type = 'payment_intent' AND payment_intent_id = d.source_id
        ) t ON true
        GROUP BY d.funding_class
    ) class;
    SELECT s.o_shares, s.o_self_dealing INTO v_shares, o_self_dealing FROM billing_shares(p_version, p_customer) s;
    o_cells := billing_split(v_classes, v_shares, v_rates);

    WITH earned AS (
        INSERT INTO billing_earning
            (execution_id, creator_id, agent_id, amount, zero_cash_amount, day, earned_at)
        SELECT p_execution, (cell ->> 1)::bigint, p_agent, sum((cell ->> 2)::bigint),
            sum(div((cell ->> 2)::numeric * (v_unpaid ->> (cell ->> 0))::numeric,
                    (v_classes ->> (cell ->> 0))::numeric)),
            (p_now AT TIME ZONE 'UTC')::date, p_now
        FROM jsonb_array_elements(o_cells) cell
        WHERE cell ->> 1 IS NOT NULL
        GROUP BY 2 HAVING sum((cell ->> 2)::bigint) > 0
        RETURNING amount, zero_cash_amount
    )
    SELECT coalesce(sum(amount), 0), coalesce(sum(zero_cash_amount), 0) INTO o_earned, o_zero_cash FROM earned;
END $$;
