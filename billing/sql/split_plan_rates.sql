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
