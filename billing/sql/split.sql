-- The split of one charge: cells of one largest remainder over funding class x payee, exactly as
-- marketplace/splits.py does it (a property test compares the two). Platform first at a tie, then the classes in
-- burn order, then the payees as the version lists them.

CREATE OR REPLACE FUNCTION billing_class_order(p_funding_class text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT array_position(ARRAY['plan', 'promo', 'bonus', 'adjustment', 'paid', 'overage'], p_funding_class)
$$;

-- Any number of classes and payees; arguments and answer are those of billing_split.
CREATE OR REPLACE FUNCTION billing_split_many(p_classes jsonb, p_shares jsonb, p_rates jsonb, p_whole bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    WITH class AS (
        SELECT key AS name, billing_class_order(key) AS rank, value::numeric AS amount,
            (p_rates ->> key)::numeric AS rate
        FROM jsonb_each_text(p_classes)
    ), share AS (
        SELECT (s ->> 0)::bigint AS creator, (s ->> 1)::numeric AS part, n AS rank
        FROM jsonb_array_elements(p_shares) WITH ORDINALITY AS x(s, n)
    ), weighed AS (
        SELECT name, NULL::bigint AS creator, 0 AS side, rank, 0::bigint AS payee,
            amount * (p_whole::numeric * 10000 - rate * coalesce((SELECT sum(part) FROM share), 0)) AS weight
        FROM class
        UNION ALL
        SELECT c.name, s.creator, 1, c.rank, s.rank, c.amount * s.part * c.rate FROM class c CROSS JOIN share s
    ), whole AS (
        SELECT sum(amount) AS total, sum(amount) * p_whole * 10000 AS weight FROM class
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

-- Nearly every run, one class and one payee: of two cells the larger remainder gets the micro, and the platform does
-- when both are halves.
CREATE OR REPLACE FUNCTION billing_split_short(p_class text, p_amount numeric, p_share jsonb, p_rate numeric) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    -- The planner puts this one expression in place of the call.
    SELECT jsonb_build_array(
        jsonb_build_array(p_class, NULL,
            (p_amount - div(2 * p_amount * (p_share ->> 1)::numeric * p_rate + 99999999, 200000000))::bigint),
        jsonb_build_array(p_class, p_share -> 0,
            div(2 * p_amount * (p_share ->> 1)::numeric * p_rate + 99999999, 200000000)::bigint))
$$;

-- p_classes: {"paid": 700, "bonus": 300}; p_shares: [[creator, part of p_whole], ...] in the version's order: basis
-- points of 10000, or fixed prices of what the run cost; p_rates: what each class earns, in basis points. Answers
-- [[class, creator or null, amount], ...].
CREATE OR REPLACE FUNCTION billing_split(p_classes jsonb, p_shares jsonb, p_rates jsonb, p_whole bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_whole = 10000 AND count(*) = 1 AND min(value::numeric) > 0 AND jsonb_array_length(p_shares) = 1
        THEN billing_split_short(min(key), min(value::numeric), p_shares -> 0, (p_rates ->> min(key))::numeric)
        ELSE billing_split_many(p_classes, p_shares, p_rates, p_whole) END
    FROM jsonb_each_text(p_classes)
$$;

-- A price in cents as micros of credits.
CREATE OR REPLACE FUNCTION billing_on_top(p_cents bigint) RETURNS bigint LANGUAGE sql STABLE STRICT AS $$
    SELECT p_cents * 10000000000 / wallets_usd(1000000)
$$;

-- Who earns from a payer's run of a version, and how much: basis points, or what each has on top of the platform's
-- price, in micros; o_fixed is then what all have (null: shares). A payee that would earn from itself (the payer is its
-- customer, or they share a member: ledger.md rule 20) is left out, so that the platform takes its part.
CREATE OR REPLACE FUNCTION billing_shares(p_version bigint, p_payer bigint) RETURNS TABLE (
    o_shares jsonb, o_self_dealing boolean, o_fixed bigint
) LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_array(creator_id,
            CASE kind WHEN 'fixed' THEN billing_on_top(fixed_cents) ELSE share_bp END) ORDER BY id)
            FILTER (WHERE NOT self), '[]'),
        coalesce(bool_or(self), false), billing_on_top(nullif(sum(fixed_cents), 0))
    FROM (
        SELECT s.*, c.customer_id = p_payer OR EXISTS (
            SELECT 1 FROM accounts_membership mine JOIN accounts_membership theirs ON theirs.user_id = mine.user_id
            WHERE mine.customer_id = p_payer AND theirs.customer_id = c.customer_id) AS self
        FROM marketplace_splitshare s JOIN marketplace_creator c ON c.id = s.creator_id
        WHERE s.version_id = p_version OFFSET 0 -- judged once a payee, not once in each aggregate
    ) judged
$$;

-- What a transaction drew, by funding class. Unpaid: the part from grants nobody paid for; the platform bears what
-- creators earn of it. A creator's plan sold below the face of its credits earns fee / face (ledger.md rule 18): its
-- creator made the price. Fee: the part of the card's fee that its cash bears, of all that the payment paid for.
CREATE OR REPLACE FUNCTION billing_classes(p_transaction bigint, p_rates jsonb) RETURNS TABLE (
    funding_class text, amount numeric, unpaid numeric, rate numeric, cash numeric, fee numeric
) LANGUAGE sql STABLE AS $$
    SELECT d.funding_class, sum(d.amount), coalesce(sum(d.amount) FILTER (WHERE d.grant_cash = 0), 0),
        div(sum(d.amount * least((p_rates ->> d.funding_class)::numeric, t.rate)), sum(d.amount)), sum(d.cash),
        sum(div(d.cash::numeric * coalesce(t.fee_cents, 0), coalesce(nullif(t.amount_cents, 0), 1)))
    FROM wallets_drawn(p_transaction) d
    LEFT JOIN LATERAL (
        SELECT fee_cents, amount_cents, NULL::numeric AS rate FROM billing_topup
        WHERE d.source_type = 'payment_intent' AND payment_intent_id = d.source_id
        UNION ALL
        SELECT fee_cents, amount_cents, div(amount_cents::numeric * 10000 * 10000, wallets_usd(credits))
        FROM billing_subscription
        WHERE d.source_type = 'payment_intent' AND payment_intent_id = d.source_id
        UNION ALL -- `sbs_…:3`; only a creator makes its plan's price, the platform's credits earn their face
        SELECT paid.fee_cents, paid.amount_cents,
            CASE WHEN s.agent_id IS NOT NULL
                THEN div(p.amount_cents::numeric * 10000 * 10000, wallets_usd(p.credits)) END
        FROM billing_subscription s JOIN billing_subscriptionperiod p ON p.subscription_id = s.id
        LEFT JOIN LATERAL ( -- a first period is paid at its checkout, a later one by its invoice
            SELECT s.fee_cents, s.amount_cents WHERE s.payment_intent_id = p.payment_intent_id
            UNION ALL
            SELECT fee_cents, amount_cents FROM billing_invoicepayment WHERE payment_intent_id = p.payment_intent_id
        ) paid ON true
        WHERE d.source_type = 'subscription_period' AND s.public_id = split_part(d.source_id, ':', 1)
            AND p.number::text = split_part(d.source_id, ':', 2)
    ) t ON true
    GROUP BY d.funding_class
$$;

-- The split of several classes or payees, and what each creator earns of it.
CREATE OR REPLACE FUNCTION billing_split_classes(
    p_transaction bigint, p_shares jsonb, p_rates jsonb, p_whole bigint, OUT o_cells jsonb, OUT o_creators bigint[],
    OUT o_amounts bigint[], OUT o_unpaid bigint[]
) LANGUAGE plpgsql AS $$
DECLARE v_classes record;
BEGIN
    SELECT jsonb_object_agg(c.funding_class, c.amount) AS amounts, jsonb_object_agg(c.funding_class, c.rate) AS rates,
        jsonb_object_agg(c.funding_class, c.unpaid) AS unpaid
    INTO v_classes FROM billing_classes(p_transaction, p_rates) c;
    o_cells := billing_split_many(v_classes.amounts, p_shares, v_classes.rates, p_whole);
    SELECT array_agg(creator), array_agg(amount), array_agg(unpaid) INTO o_creators, o_amounts, o_unpaid
    FROM (
        SELECT (cell ->> 1)::bigint AS creator, sum((cell ->> 2)::bigint) AS amount,
            sum(div((cell ->> 2)::numeric * (v_classes.unpaid ->> (cell ->> 0))::numeric,
                    (v_classes.amounts ->> (cell ->> 0))::numeric)) AS unpaid
        FROM jsonb_array_elements(o_cells) cell WHERE cell ->> 1 IS NOT NULL
        GROUP BY 1 HAVING sum((cell ->> 2)::bigint) > 0
    ) earned;
END $$;

-- Split what each transaction drew from grants (nothing when it is null), and write what creators earn of it. Every
-- array has one element for each execution, in their order. Costs: what fixed prices are parts of, whatever was charged
-- of it. Zero cash: see unpaid above. Overage: what `unbilled` is to
-- carry for what was burned below zero.
CREATE OR REPLACE FUNCTION billing_split_drawn(
    p_executions bigint[], p_transactions bigint[], p_customers bigint[], p_agents bigint[], p_versions bigint[],
    p_costs bigint[], p_rates jsonb, p_now timestamptz, OUT o_cells jsonb[], OUT o_earned bigint[], OUT o_zero_cash bigint[],
    OUT o_cash bigint[], OUT o_overage bigint[], OUT o_processing bigint[], OUT o_self_dealing boolean[]
) LANGUAGE plpgsql AS $$
DECLARE
    v_classes int[]; v_class text[]; v_amount numeric[]; v_unpaid numeric[]; v_rate numeric[]; v_shares jsonb[];
    v_fixed bigint[];
    e_execution bigint[]; e_creator bigint[]; e_agent bigint[]; e_amount bigint[]; e_unpaid bigint[];
    v_split record;
    v_earned bigint;
BEGIN
    SELECT array_agg(d.classes ORDER BY n), array_agg(d.class ORDER BY n), array_agg(d.amount ORDER BY n),
        array_agg(d.unpaid ORDER BY n), array_agg(d.rate ORDER BY n), array_agg(d.cash - d.overage ORDER BY n),
        array_agg(d.overage ORDER BY n), array_agg(d.fee ORDER BY n), array_agg(s.o_shares ORDER BY n),
        array_agg(s.o_self_dealing AND d.classes > 0 ORDER BY n), array_agg(s.o_fixed ORDER BY n)
    INTO v_classes, v_class, v_amount, v_unpaid, v_rate, o_cash, o_overage, o_processing, v_shares, o_self_dealing, v_fixed
    FROM unnest(p_transactions, p_customers, p_versions) WITH ORDINALITY AS x(transaction, customer, version, n)
    CROSS JOIN LATERAL (
        SELECT count(*) AS classes, min(funding_class) AS class, min(amount) AS amount, min(unpaid) AS unpaid,
            min(rate) AS rate, coalesce(sum(cash), 0) AS cash, coalesce(sum(fee), 0) AS fee,
            coalesce(sum(cash) FILTER (WHERE funding_class = 'overage'), 0) AS overage
        FROM billing_classes(x.transaction, p_rates)
    ) d
    CROSS JOIN LATERAL billing_shares(x.version, x.customer) s;

    FOR n IN 1 .. cardinality(p_executions) LOOP
        o_cells[n] := '[]'; o_earned[n] := 0; o_zero_cash[n] := 0;
        CONTINUE WHEN v_classes[n] = 0;
        IF v_classes[n] = 1 AND v_fixed[n] IS NULL AND jsonb_array_length(v_shares[n]) = 1 THEN
            o_cells[n] := billing_split_short(v_class[n], v_amount[n], v_shares[n] -> 0, v_rate[n]);
            v_earned := o_cells[n] -> 1 ->> 2;
            CONTINUE WHEN v_earned = 0;
            o_earned[n] := v_earned;
            o_zero_cash[n] := div(v_earned * v_unpaid[n], v_amount[n]);
            e_creator := array_append(e_creator, (v_shares[n] -> 0 ->> 0)::bigint);
            e_amount := array_append(e_amount, v_earned);
            e_unpaid := array_append(e_unpaid, o_zero_cash[n]);
            e_execution := array_append(e_execution, p_executions[n]);
            e_agent := array_append(e_agent, p_agents[n]);
        ELSE
            v_split := billing_split_classes(p_transactions[n], v_shares[n], p_rates,
                CASE WHEN v_fixed[n] IS NULL THEN 10000 ELSE greatest(p_costs[n], v_fixed[n]) END);
            o_cells[n] := v_split.o_cells;
            FOR i IN 1 .. coalesce(cardinality(v_split.o_creators), 0) LOOP
                o_earned[n] := o_earned[n] + v_split.o_amounts[i];
                o_zero_cash[n] := o_zero_cash[n] + v_split.o_unpaid[i];
                e_creator := array_append(e_creator, v_split.o_creators[i]);
                e_amount := array_append(e_amount, v_split.o_amounts[i]);
                e_unpaid := array_append(e_unpaid, v_split.o_unpaid[i]);
                e_execution := array_append(e_execution, p_executions[n]);
                e_agent := array_append(e_agent, p_agents[n]);
            END LOOP;
        END IF;
    END LOOP;
    IF e_execution IS NULL THEN RETURN; END IF;
    INSERT INTO billing_earning (execution_id, creator_id, agent_id, amount, zero_cash_amount, day, earned_at)
    SELECT x.*, (p_now AT TIME ZONE 'UTC')::date, p_now
    FROM unnest(e_execution, e_creator, e_agent, e_amount, e_unpaid) x;
END $$;
