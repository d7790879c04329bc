"""Lines as CSV: exactly what the page shows, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from billing.queries.invoices import Page
from billing.queries.statements import Statement
from wallets import money

HEAD: Final = ("line", "agent", "model", "metric", "quantity", "rate_usd", "tier", "amount_usd")
STATEMENT_HEAD: Final = ("agent", "model", "metric", "runs", "quantity", "rate_credits", "amount_credits")
# A cell that begins like a formula is run by spreadsheets.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
CENTS: Final = 100


def invoice(*, page: Page) -> str:
    """Write an invoice's lines, then its sums."""
    rows: list[Sequence[str]] = [
        (
            *(safe(line.text), safe(line.agent), safe(line.model), safe(line.metric)),
            *(line.quantity, line.rate, safe(line.tier), usd(line.amount_cents)),
        )
        for line in page.lines
    ]
    sums = (("Subtotal", page.subtotal_cents), (page.tax_text or "Tax", page.tax_cents))
    closing = (("Credited", -page.credited_cents), ("Total", page.due_cents))
    rows += [(name, "", "", "", "", "", "", usd(cents)) for name, cents in (*sums, *closing)]
    return write(head=HEAD, rows=rows)


def statement(*, statement: Statement) -> str:
    """Write a month's lines of use, then their sum."""
    rows: list[Sequence[str]] = [
        (
            *(safe(line.agent), safe(line.model), safe(line.metric), str(line.runs)),
            *(line.quantity, line.rate, money.text(line.amount)),
        )
        for line in statement.lines
    ]
    rows.append(("Total", "", "", "", "", "", money.text(statement.total)))
    return write(head=STATEMENT_HEAD, rows=rows)


def write(*, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write rows under a head."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()


def safe(text: str) -> str:
    """Keep a text from being run as a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def usd(cents: int) -> str:
    """Write cents as dollars."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // CENTS}.{abs(cents) % CENTS:02d}"
