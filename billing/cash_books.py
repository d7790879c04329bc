"""Stripe's account of our money and ours, line by line: what it says that we do not, and the other way round."""

from typing import Final

from wallets.books import Invariant

# Purchases are booked by their PaymentIntent, invoices by themselves, and both are told by Stripe by their charge; a
# payment that matched nothing of ours has no row that knows its charge, so suspense is compared as a whole. A fee is
# booked by its own line: I33.
SAID: Final = (
    "SELECT CASE WHEN b.type IN ('transfer', 'transfer_refund') THEN b.source_id"
    " WHEN b.type NOT IN ('charge', 'payment') THEN b.stripe_id"
    " ELSE coalesce((SELECT t.payment_intent_id FROM billing_topup t WHERE t.charge_id = b.source_id),"
    " (SELECT s.payment_intent_id FROM billing_subscription s WHERE s.charge_id = b.source_id),"
    " (SELECT i.public_id FROM billing_invoicepayment p JOIN billing_invoice i ON i.id = p.invoice_id"
    "  WHERE p.charge_id = b.source_id), 'suspense') END"
    " AS cause, sum(b.amount_cents) * 10000 AS amount, max(b.created_at) AS last FROM billing_balancetransaction b"
    " WHERE b.type NOT IN ('stripe_fee', 'stripe_fx_fee', 'tax_fee') GROUP BY 1"
)
BOOKED: Final = (
    "SELECT CASE x.kind WHEN 'suspense' THEN 'suspense' ELSE x.source_id END AS cause, -sum(e.amount) AS amount,"
    " max(x.recorded_at) AS last FROM wallets_entry e JOIN wallets_transaction x ON x.id = e.transaction_id"
    " WHERE e.wallet_id = (SELECT wallets_platform('USD', 'stripe_cash')) AND x.kind <> 'stripe_fee' GROUP BY 1"
)
# Booking and mirroring are two jobs, and each may be late; a sweep that failed is repeated within this time.
SETTLED: Final = "%(now)s::timestamptz - interval '15 minutes'"

INVARIANTS: Final = [
    Invariant(
        "Stripe's lines are in the books",
        "Each payment, transfer and reversal that Stripe tells of moved our cash by the same amount (I31, I32).",
        f"SELECT s.cause, s.amount AS said, coalesce(b.amount, 0) AS booked FROM ({SAID}) s"  # noqa: S608
        f" LEFT JOIN ({BOOKED}) b USING (cause)"
        f" WHERE s.amount <> coalesce(b.amount, 0) AND greatest(s.last, b.last) < {SETTLED}",
        timely=True,
    ),
    Invariant(
        "cash at Stripe is on Stripe's lines",
        "No cash at Stripe in our books that Stripe does not tell of (I31).",
        f"SELECT b.cause, b.amount AS booked FROM ({BOOKED}) b LEFT JOIN ({SAID}) s USING (cause)"  # noqa: S608
        f" WHERE s.cause IS NULL AND b.amount <> 0 AND b.last < {SETTLED}",
        timely=True,
    ),
]
