-- Adjustments: what no constraint of a row can see. Nobody asks for, or decides on, an adjustment of a wallet of its own;
-- and what was asked, or decided, stays: the one step is from requested to applied or declined.

CREATE OR REPLACE FUNCTION wallets_adjustment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'an adjustment is never deleted' USING ERRCODE = 'FB001';
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.state <> 'requested'
        OR (NEW.public_id, NEW.wallet_id, NEW.amount, NEW.reason, NEW.available_before, NEW.alone_limit, NEW.requested_by_id,
            NEW.requested_at, NEW.reverses_id) IS DISTINCT FROM
           (OLD.public_id, OLD.wallet_id, OLD.amount, OLD.reason, OLD.available_before, OLD.alone_limit, OLD.requested_by_id,
            OLD.requested_at, OLD.reverses_id)) THEN
        RAISE EXCEPTION 'an adjustment is decided once, and what was asked stays' USING ERRCODE = 'FB001';
    END IF;
    IF EXISTS (
        SELECT 1 FROM wallets_wallet w JOIN accounts_membership m ON m.customer_id = w.owner_id
        WHERE w.id = NEW.wallet_id AND w.owner_type = 'consumer'
            AND m.user_id IN (NEW.requested_by_id, NEW.decided_by_id)
    ) THEN
        RAISE EXCEPTION 'nobody adjusts a wallet of its own' USING ERRCODE = 'FB403';
    END IF;
    RETURN NEW;
END $$;
