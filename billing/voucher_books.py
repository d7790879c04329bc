"""What must always hold over vouchers and gifts."""

from typing import Final

from wallets.books import Invariant

INVARIANTS: Final = [
    Invariant(
        "vouchers are used within their limits",
        "A code gives no oftener than was promised, in all and to each customer.",
        "SELECT v.id, v.uses, count(u.id) AS used FROM billing_voucher v"
        " LEFT JOIN billing_voucheruse u ON u.voucher_id = v.id"
        " GROUP BY v.id HAVING v.uses <> count(u.id) OR v.uses > v.uses_max OR max(u.number) > v.per_customer",
    ),
    Invariant(
        "uses of vouchers gave their credits",
        "Each use is one promotional grant of the voucher's amount, of the customer's.",
        "SELECT u.id, v.amount, g.amount AS granted FROM billing_voucheruse u"
        " JOIN billing_voucher v ON v.id = u.voucher_id"
        " LEFT JOIN wallets_creditgrant g ON g.source_type = 'voucher_use' AND g.source_id = u.id::text"
        " LEFT JOIN wallets_wallet w ON w.id = g.wallet_id"
        " WHERE g.amount IS DISTINCT FROM v.amount OR g.funding_class <> 'promo' OR w.owner_id <> u.customer_id",
    ),
    Invariant(
        "gifts of staff gave their credits",
        "What staff gave is there once, with its reason.",
        "SELECT p.id, p.amount, g.amount AS granted FROM billing_promogrant p LEFT JOIN wallets_creditgrant g"
        " ON g.source_type = 'promo_grant' AND g.source_id = p.reference"
        " WHERE g.amount IS DISTINCT FROM p.amount OR g.funding_class <> 'promo'",
    ),
]
