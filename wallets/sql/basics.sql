-- Public ids (a prefix and 26 base32 characters of 128 random bits) and the guard of append-only tables.

CREATE OR REPLACE FUNCTION public_id(p_prefix text) RETURNS text LANGUAGE sql VOLATILE AS $$
    -- Base64 has 64 equally likely signs: two (for the first character eight) of them become each of ours.
    SELECT p_prefix
        || translate(left(b, 1), signs, repeat('01234567', 8))
        || translate(substr(b, 2, 25), signs, repeat('0123456789abcdefghjkmnpqrstvwxyz', 2))
    FROM (
        SELECT encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64') AS b,
            'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/' AS signs
    ) random
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
