"""A payout's statement as CSV: every line of it, safe to open in a spreadsheet; the lines add up to the last."""

from collections.abc import Sequence
from typing import Final

from billing.documents import spreadsheet
from payouts.queries.payout_pages import Item, PayoutRow
from wallets import money

HEAD: Final = ("line", "agent", "day", "credits")


def write(*, items: Sequence[Item], payout: PayoutRow) -> str:
    """Write the lines, then what is paid."""
    rows = [
        (item.kind, spreadsheet.safe(item.label), str(item.day or ""), money.text(item.amount))
        for item in items
    ]
    return spreadsheet.write(head=HEAD, rows=[*rows, ("paid", "", "", money.text(payout.amount))])
