"""What must always hold over invoices."""

from typing import Final

from wallets.books import Invariant

# What the books carry as receivable for an invoice: all but its fees, less what was credited before it was paid.
RECEIVABLE: Final = (
    "coalesce((SELECT sum(l.amount_cents) FROM billing_invoiceline l WHERE l.invoice_id = i.id"
    " AND l.kind NOT IN ('fee', 'seats')), 0)"
    " - (i.credited_cents - i.credited_tax_cents)"
)

INVARIANTS: Final = [
    Invariant(
        "invoices are numbered without gaps",
        "No invoice and no credit note is missing, and none is told of twice.",
        "SELECT c.series, c.last, n.many, n.top FROM billing_invoicecounter c JOIN ("
        " SELECT 'invoice' AS series, count(number) AS many, coalesce(max(number), 0) AS top FROM billing_invoice"
        " UNION ALL SELECT 'credit_note', count(*), coalesce(max(number), 0) FROM billing_creditnote) n"
        " ON n.series = c.series WHERE c.last <> n.many OR c.last <> n.top",
    ),
    Invariant(
        "lines sum to their invoice",
        "What is asked for is what the lines say.",
        "SELECT i.public_id, i.subtotal_cents, l.cents FROM billing_invoice i LEFT JOIN LATERAL (SELECT"
        " coalesce(sum(amount_cents), 0) AS cents FROM billing_invoiceline WHERE invoice_id = i.id) l ON true"
        " WHERE i.state <> 'draft' AND i.subtotal_cents <> l.cents",
    ),
    Invariant(
        "lines are rounded once, half up",
        "A line's cents are its exact amount's.",
        "SELECT id, amount_micros, amount_cents FROM billing_invoiceline WHERE amount_cents"
        " <> sign(amount_micros) * ((abs(amount_micros) + 5000) / 10000)",
    ),
    Invariant(
        "paid invoices were paid once, in full",
        "One payment closes an invoice, and it is what was due.",
        "SELECT i.public_id, i.state, p.amount_cents FROM billing_invoice i JOIN billing_invoicepayment p"
        " ON p.invoice_id = i.id AND p.state = 'paid' WHERE i.state <> 'paid'"
        " OR i.payment_intent_id IS DISTINCT FROM p.payment_intent_id"
        " OR p.amount_cents <> i.total_cents - i.credited_cents",
    ),
    Invariant(
        "payments of invoices are in the books",
        "The cash of a paid attempt stands against its invoice.",
        "SELECT i.public_id, p.amount_cents, e.amount FROM billing_invoicepayment p"
        " JOIN billing_invoice i ON i.id = p.invoice_id LEFT JOIN wallets_transaction t"
        " ON t.kind = 'invoice_paid' AND t.source_type = 'invoice' AND t.source_id = i.public_id"
        " LEFT JOIN wallets_entry e ON e.transaction_id = t.id"
        " AND e.wallet_id = (SELECT wallets_platform('USD', 'stripe_cash'))"
        " WHERE p.state = 'paid' AND e.amount IS DISTINCT FROM -p.amount_cents * 10000",
    ),
    Invariant(
        "receivable is what open invoices ask for",
        "Nothing is carried for an invoice that is paid, void or given up; credits wait for the next one.",
        "SELECT r.booked, o.asked, d.waiting FROM (SELECT coalesce(sum(e.amount), 0) AS booked FROM wallets_entry e"
        " JOIN wallets_transaction t ON t.id = e.transaction_id"
        " AND t.source_type IN ('invoice', 'invoice_line', 'credit_note', 'subscription_period')"
        " WHERE e.wallet_id = (SELECT wallets_platform('USD', 'receivable'))) r,"
        f" (SELECT coalesce(sum({RECEIVABLE}), 0) * 10000 AS asked FROM billing_invoice i WHERE state = 'open') o,"
        " (SELECT coalesce(sum(l.amount_cents), 0) * 10000 AS waiting FROM billing_invoiceline l JOIN billing_invoice i"
        " ON i.id = l.invoice_id AND i.state = 'draft' WHERE l.kind = 'credit') d"
        " WHERE r.booked <> -o.asked - d.waiting",
    ),
    Invariant(
        "tax is what paid invoices asked for",
        "What is owed to the tax office is on invoices that were paid, less what credit notes and refunds took back.",
        "SELECT b.booked, t.asked FROM (SELECT coalesce(sum(amount), 0) AS booked FROM wallets_entry"
        " WHERE wallet_id = (SELECT wallets_platform('USD', 'tax'))) b,"
        " (SELECT coalesce(sum(i.tax_cents - coalesce((SELECT sum(c.tax_cents) FROM billing_creditnote c"
        " WHERE c.invoice_id = i.id), 0)), 0) * 10000 AS asked FROM billing_invoice i WHERE i.state = 'paid') t,"
        " (SELECT coalesce(sum(tax), 0) AS refunded FROM wallets_claw) c WHERE b.booked <> t.asked - c.refunded",
    ),
    Invariant(
        "credit notes are within their invoice",
        "Nobody is given back more than was asked for.",
        "SELECT i.public_id, i.total_cents, sum(c.amount_cents) AS credited FROM billing_creditnote c"
        " JOIN billing_invoice i ON i.id = c.invoice_id GROUP BY i.id"
        " HAVING sum(c.amount_cents) > i.total_cents OR i.credited_cents > sum(c.amount_cents)",
    ),
    Invariant(
        "fees of paid invoices brought their period",
        "Who paid for a month has it, and nobody else has.",
        "SELECT i.public_id, i.state, l.period_id FROM billing_invoiceline l JOIN billing_invoice i"
        " ON i.id = l.invoice_id JOIN billing_subscriptionperiod p ON p.id = l.period_id"
        " LEFT JOIN billing_addedseats a ON a.id = l.added_id WHERE l.kind IN ('fee', 'seats')"
        " AND (i.state = 'paid') <> (CASE l.kind WHEN 'fee' THEN p.granted_at ELSE a.granted_at END IS NOT NULL)",
    ),
    Invariant(
        "guards of invoices stand",
        "What was issued never changes, and nobody rewrites its history (I4).",
        "SELECT g.name, g.trigger FROM (VALUES ('billing_invoice', 'billing_invoice_frozen'),"
        " ('billing_invoiceline', 'billing_invoiceline_frozen'),"
        " ('billing_invoicestatechange', 'billing_invoicestatechange_append_only'),"
        " ('billing_creditnote', 'billing_creditnote_append_only')) AS g(name, trigger)"
        " WHERE NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = g.name::regclass"
        " AND t.tgname = g.trigger AND t.tgenabled <> 'D')",
    ),
]
