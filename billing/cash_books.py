"""Stripe's account of our money and ours, cause by cause: what it says that we do not, and the other way round."""

from typing import Final

from billing import cash_lines
from wallets.books import Invariant

# Fees are booked by their own lines: I33.
SAID: Final = f"SELECT key, sum(amount) AS amount, max(at) AS last FROM ({cash_lines.SAID}) l GROUP BY 1"
BOOKED: Final = (
    f"SELECT key, sum(amount) AS amount, max(recorded_at) AS last FROM ({cash_lines.BOOKED}) l GROUP BY 1"
)
# Booking and mirroring are two jobs, and each may be late; a sweep that failed is repeated within this time.
SETTLED: Final = "%(now)s::timestamptz - interval '15 minutes'"

INVARIANTS: Final = [
    Invariant(
        "Stripe's lines are in the books",
        "Each payment, transfer and reversal that Stripe tells of moved our cash by the same amount (I31, I32).",
        f"SELECT s.key AS cause, s.amount AS said, coalesce(b.amount, 0) AS booked FROM ({SAID}) s"
        f" LEFT JOIN ({BOOKED}) b USING (key)"
        f" WHERE s.amount <> coalesce(b.amount, 0) AND greatest(s.last, b.last) < {SETTLED}",
        timely=True,
    ),
    Invariant(
        "cash at Stripe is on Stripe's lines",
        "No cash at Stripe in our books that Stripe does not tell of (I31).",
        f"SELECT b.key AS cause, b.amount AS booked FROM ({BOOKED}) b LEFT JOIN ({SAID}) s USING (key)"
        f" WHERE s.key IS NULL AND b.amount <> 0 AND b.last < {SETTLED}",
        timely=True,
    ),
]
