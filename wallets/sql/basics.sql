-- Public ids (a prefix and 26 base32 characters of 128 random bits) and the guard of append-only tables.

CREATE OR REPLACE FUNCTION public_id(p_prefix text) RETURNS text LANGUAGE sql VOLATILE AS $$
    -- One expression, which the planner puts in place of the call. Base64 has 64 equally likely signs: two of them
    -- become each of ours; the first character has three bits only.
    SELECT p_prefix
        || substr('01234567', 1 + get_byte(uuid_send(gen_random_uuid()), 0) % 8, 1)
        || translate(left(encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64'), 25),
            'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
            '0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjkmnpqrstvwxyz')
$$;

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'FB001';
END $$;

-- The one row of the ledger's settings: what a credit is worth, in USD micros.
CREATE OR REPLACE FUNCTION wallets_usd(p_credits bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    -- div truncates towards zero: end points of creators' wallets, never rounded deltas (ledger.md, one helper)
    SELECT div(p_credits::numeric * credit_value, 1000000)::bigint FROM wallets_ledgersetting
$$;

CREATE OR REPLACE FUNCTION wallets_platform(p_unit text, p_kind text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE v_id bigint;
BEGIN
    SELECT id INTO STRICT v_id FROM wallets_wallet
    WHERE owner_type = 'platform' AND owner_id = 0 AND unit = p_unit AND kind = p_kind AND scope = '';
    RETURN v_id;
END $$;

-- Where what is given comes from, and where it goes when it runs out: of credits, by what they were given for.
CREATE OR REPLACE FUNCTION wallets_issued(p_unit text, p_class text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT wallets_platform(p_unit, CASE WHEN p_unit = 'CREDITS' THEN 'issued.' || p_class ELSE 'issued' END)
$$;

CREATE OR REPLACE FUNCTION wallets_lapsed(p_unit text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT wallets_platform(p_unit, CASE WHEN p_unit = 'CREDITS' THEN 'breakage' ELSE 'expired' END)
$$;
