-- Which version of each agent's plan is in force at its time (place counts from 1), with what may change on the agent.
-- plpgsql keeps the plan: planning the joins costs several times what running them does.
CREATE FUNCTION marketplace_in_force(p_agents text[], p_ats timestamptz[])
RETURNS TABLE (
    place bigint, version_id bigint, version varchar, number integer, pricing_model varchar,
    effective_from timestamptz, default_hold bigint, minimum bigint, quantum bigint, platform_share_bp integer,
    agent_id bigint, agent varchar, agent_slug varchar, agent_name varchar, status varchar, outcome_policy varchar,
    creator_id bigint, creator varchar, creator_customer_id bigint
) LANGUAGE plpgsql STABLE
-- Else each call is planned for its own arrays, for they look cheaper than unknown ones.
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT w.place, v.id, v.public_id, v.number, v.pricing_model,
           v.effective_from, v.default_hold, v.minimum, v.quantum, v.platform_share_bp,
           a.id, a.public_id, a.slug, a.name, a.status, a.outcome_policy,
           c.id, c.public_id, c.customer_id
    FROM unnest(p_agents, p_ats) WITH ORDINALITY AS w(name, at, place)
    JOIN marketplace_agent a ON a.slug = w.name OR a.public_id = w.name
    JOIN marketplace_creator c ON c.id = a.creator_id
    JOIN marketplace_plan p ON p.agent_id = a.id
    CROSS JOIN LATERAL (
        SELECT * FROM marketplace_planversion o
        WHERE o.plan_id = p.id AND o.effective_from <= w.at
        ORDER BY o.effective_from DESC, o.number DESC LIMIT 1
    ) v;
END $$;
