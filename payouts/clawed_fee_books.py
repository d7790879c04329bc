"""What must always hold over fees of plans whose payment was given back."""

from typing import Final

from billing.queries.plan_fees import BY_PAYMENT
from wallets.books import Invariant

INVARIANTS: Final = (
    Invariant(
        "clawed fees are as much as went back",
        "Of what creators and platform had of a plan's fee at once, as much is given back as of its payment; of each"
        " claw that was undone a micro may be between (ledger.md rules 17, 18).",
        f"""
        WITH given AS (
            SELECT c.purchase, sum(c.usd) AS usd, count(c.undoes_id) AS undone, sum(f.own) AS own
            FROM payouts_clawedfee f JOIN wallets_claw c ON c.id = f.claw_id GROUP BY 1
        ), paid AS (
            SELECT g.*, coalesce(b.amount_cents, i.amount_cents) * 10000 AS price FROM given g
            LEFT JOIN billing_subscription b ON b.payment_intent_id = g.purchase
            LEFT JOIN billing_invoicepayment i ON i.payment_intent_id = g.purchase
        ), fees AS (
            SELECT p.*, x.id, x.public_id, x.platform_amount
            FROM paid p JOIN ({BY_PAYMENT}) x ON x.purchase = p.purchase
        )
        SELECT f.purchase, f.public_id, e.creator_id, div(e.amount * f.usd, f.price) AS due, coalesce(p.pulled, 0)
        FROM fees f JOIN billing_earning e ON e.execution_id = f.id LEFT JOIN (
            SELECT execution_id, creator_id,
                sum(from_pending + from_payable + from_reserve + to_debt + to_loss) AS pulled
            FROM billing_creatorpull GROUP BY 1, 2
        ) p ON p.execution_id = e.execution_id AND p.creator_id = e.creator_id
        WHERE abs(div(e.amount * f.usd, f.price) - coalesce(p.pulled, 0)) > f.undone
        UNION ALL
        SELECT purchase, NULL, NULL, sum(div(platform_amount * usd, price)), own FROM fees
        GROUP BY purchase, own, undone
        HAVING abs(sum(div(platform_amount * usd, price)) - own) > undone * count(*)
        """,
    ),
    Invariant(
        "each clawed fee has one bearer",
        "What was clawed of a plan's fee is issued no more, and left creators, the platform's part or its loss (I25).",
        """
        SELECT f.claw_id, f.amount, f.own, f.lost, f.pulled, l.issued, l.own AS booked, l.lost AS loss, p.pulled AS had
        FROM payouts_clawedfee f LEFT JOIN LATERAL (
            SELECT coalesce(sum(e.amount) FILTER (WHERE w.kind = 'issued.plan'), 0) AS issued,
                -coalesce(sum(e.amount) FILTER (WHERE w.kind = 'platform_share'), 0) AS own,
                -coalesce(sum(e.amount) FILTER (WHERE w.kind = 'loss' AND w.unit = 'CREDITS'), 0) AS lost
            FROM wallets_entry e JOIN wallets_wallet w ON w.id = e.wallet_id WHERE e.transaction_id = f.transaction_id
        ) l ON true LEFT JOIN LATERAL (
            SELECT coalesce(sum(from_pending + from_payable + from_reserve + to_debt), 0) AS pulled
            FROM billing_creatorpull WHERE transaction_id = f.transaction_id
        ) p ON true
        WHERE (f.amount, f.own, f.lost, f.pulled) IS DISTINCT FROM (l.issued, l.own, l.lost, p.pulled)
        UNION ALL
        SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, t.id FROM wallets_transaction t
        WHERE t.kind IN ('plan_fee_clawed', 'plan_fee_returned')
            AND NOT EXISTS (SELECT FROM payouts_clawedfee f WHERE f.transaction_id = t.id)
        """,
    ),
    Invariant(
        "no clawed fee waits",
        "What was given back of a plan's payment reaches who earned its fee within minutes.",
        f"""
        SELECT c.id, c.purchase, x.public_id FROM wallets_claw c
        JOIN ({BY_PAYMENT}) x ON x.purchase = c.purchase
        WHERE c.created_at < %(now)s - interval '10 minutes'
            AND NOT EXISTS (SELECT FROM payouts_clawedfee f WHERE f.claw_id = c.id)
        """,
        timely=True,
    ),
)
