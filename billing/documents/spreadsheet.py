"""Lines as CSV: exactly what the page shows, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from billing.queries.invoices import Page
from billing.queries.moves import Mover
from billing.queries.plan_versions import Has
from billing.queries.statements import Statement
from wallets import money

HEAD: Final = ("line", "agent", "model", "metric", "quantity", "rate_usd", "tier", "amount_usd")
STATEMENT_HEAD: Final = ("agent", "model", "metric", "runs", "quantity", "rate_credits", "amount_credits")
MOVERS_HEAD: Final = (
    *("customer", "customer_id", "subscription", "from_version", "seats", "fee_today_usd", "credits_today"),
    *("today", "fee_then_usd", "credits_then", "then", "starts_at", "worse", "cannot_be_moved"),
)
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


def movers(*, rows: Iterable[Mover]) -> str:
    """Write who would be moved to another version, from what to what, when, or why not."""
    return write(head=MOVERS_HEAD, rows=[_mover(each) for each in rows])


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


def _mover(mover: Mover) -> Sequence[str]:
    return (
        *(safe(mover.customer), mover.customer_id, mover.subscription, str(mover.today.version)),
        *(str(mover.seats), *_has(mover.today), *(_has(mover.then) if mover.then else ("", "", ""))),
        mover.starts_at.isoformat() if mover.starts_at else "",
        "yes" if mover.worse else "no",
        mover.problem,
    )


def _has(has: Has) -> tuple[str, str, str]:
    return usd(has.fee_cents), money.text(has.credits), safe("; ".join(has.points))
