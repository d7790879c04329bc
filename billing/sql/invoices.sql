-- What was issued never changes: a mistake is mended by a credit note.
CREATE OR REPLACE FUNCTION billing_invoice_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'draft' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'DELETE' OR NEW.state = 'draft'
        OR (NEW.number, NEW.customer_id, NEW.period_start, NEW.period_end, NEW.currency, NEW.subtotal_cents,
            NEW.tax_cents, NEW.total_cents, NEW.tax_country, NEW.tax_rate, NEW.bill_to, NEW.issued_at)
        IS DISTINCT FROM
           (OLD.number, OLD.customer_id, OLD.period_start, OLD.period_end, OLD.currency, OLD.subtotal_cents,
            OLD.tax_cents, OLD.total_cents, OLD.tax_country, OLD.tax_rate, OLD.bill_to, OLD.issued_at) THEN
        RAISE EXCEPTION 'invoice % was issued and never changes', OLD.public_id;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION billing_invoiceline_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_invoice bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.invoice_id ELSE OLD.invoice_id END;
BEGIN
    IF (SELECT state FROM billing_invoice WHERE id = v_invoice) <> 'draft' THEN
        RAISE EXCEPTION 'a line of an issued invoice never changes';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
