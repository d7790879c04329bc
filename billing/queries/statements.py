"""A month of prepaid use on one statement: what came in, and a line for each agent, model and metric."""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import Min

from accounts.models import Customer
from billing.queries.invoices import plain
from config.kit.errors import NotFoundError
from wallets import money
from wallets.models import Entry, Wallet

RATE_PLACES: Final = Decimal("0.000001")
MONTHS_SHOWN: Final = 24
WRITTEN: Final = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
LINES: Final = """
    SELECT a.name AS agent, u.model, u.metric, sum(u.quantity) AS quantity, sum(u.charged)::bigint AS amount,
        count(DISTINCT u.execution_id) AS runs
    FROM billing_usageevent u JOIN marketplace_agent a ON a.id = u.agent_id
    WHERE u.customer_id = %s AND u.occurred_at >= %s AND u.occurred_at < %s
    GROUP BY a.name, u.model, u.metric ORDER BY a.name, u.model, u.metric
"""
MOVED: Final = """
    SELECT t.kind, sum(e.amount)::bigint AS amount
    FROM wallets_wallet w JOIN wallets_entry e ON e.wallet_id = w.id
    JOIN wallets_transaction t ON t.id = e.transaction_id
    WHERE w.owner_type = 'consumer' AND w.owner_id = %s AND w.unit = 'CREDITS'
        AND t.recorded_at >= %s AND t.recorded_at < %s
    GROUP BY t.kind ORDER BY t.kind
"""
OPENING: Final = """
    SELECT coalesce(sum(last.balance_after), 0)::bigint
    FROM wallets_wallet w CROSS JOIN LATERAL (
        SELECT e.balance_after FROM wallets_entry e JOIN wallets_transaction t ON t.id = e.transaction_id
        WHERE e.wallet_id = w.id AND t.recorded_at < %s ORDER BY e.wallet_seq DESC LIMIT 1
    ) last
    WHERE w.owner_type = 'consumer' AND w.owner_id = %s AND w.unit = 'CREDITS'
"""


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in UTC."""

    year: int
    month: int

    @property
    def text(self) -> str:
        """Write it as addresses have it."""
        return f"{self.year}-{self.month:02d}"

    @property
    def start(self) -> dt.datetime:
        """Give its first instant."""
        return dt.datetime(self.year, self.month, 1, tzinfo=dt.UTC)

    @property
    def end(self) -> dt.datetime:
        """Give the first instant after it."""
        return self.after.start

    @property
    def after(self) -> "Month":
        """Give the month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def before(self) -> "Month":
        """Give the month before it."""
        return Month(self.year - (self.month == 1), (self.month - 2) % 12 + 1)


@dataclass(frozen=True, slots=True)
class Line:
    """What one agent charged for one metric with one model."""

    agent: str
    model: str
    metric: str
    quantity: str
    rate: str
    amount: int
    runs: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What came or went in a month for one reason."""

    label: str
    amount: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A month of a customer's credits."""

    customer: str
    month: Month
    opening: int
    moved: tuple[Moved, ...]
    closing: int
    lines: tuple[Line, ...]
    total: int
    total_usd: int


LABELS: Final = {
    "topup": "Bought",
    "subscription": "From plans",
    "settle": "Spent on runs",
    "expiry": "Expired",
    "adjustment": "Adjusted by staff",
    "promo": "Given",
    "overage": "Billed as overage",
    "withdrawal": "Given back with a plan",
    "refund": "Refunded",
    "refund_failure": "Refunds that came back",
    "write_off": "Written off",
    "recovery": "Paid for what was written off",
    "undo": "Runs undone",
    "regrant": "Given anew",
}


def statement(*, customer: Customer, month: Month) -> Statement:
    """Read a month's statement."""
    opening = _rows(OPENING, [month.start, customer.pk])[0]["coalesce"]
    moved = _rows(MOVED, [customer.pk, month.start, month.end])
    lines = tuple(_line(row) for row in _rows(LINES, [customer.pk, month.start, month.end]))
    total = sum(line.amount for line in lines)
    return Statement(
        customer=customer.name,
        month=month,
        opening=opening,
        moved=tuple(Moved(LABELS.get(row["kind"], row["kind"].capitalize()), row["amount"]) for row in moved),
        closing=opening + sum(row["amount"] for row in moved),
        lines=lines,
        total=total,
        total_usd=money.credits_to_usd(total),
    )


def months(*, customer: Customer, now: dt.datetime) -> list[Month]:
    """List the months that have a statement, newest first."""
    wallets = Wallet.objects.filter(owner_type="consumer", owner_id=customer.pk)
    first = Entry.objects.filter(wallet__in=wallets).aggregate(at=Min("transaction__recorded_at"))["at"]
    found: list[Month] = []
    month = Month(now.year, now.month)
    while first and month.end > first and len(found) < MONTHS_SHOWN:
        found.append(month)
        month = month.before
    return found


def asked(*, text: str, now: dt.datetime) -> Month:
    """Read a month that has begun; raise NotFoundError for any other."""
    found = WRITTEN.fullmatch(text)
    if found:
        month = Month(int(found[1]), int(found[2]))
        if month.start <= now:
            return month
    raise NotFoundError("There is no statement of that month.")


def _line(row: dict[str, Any]) -> Line:
    rate = Decimal(row["amount"]) / money.MICRO / row["quantity"] if row["quantity"] else Decimal(0)
    return Line(
        agent=row["agent"],
        model=row["model"],
        metric=row["metric"],
        quantity=plain(row["quantity"]),
        rate=plain(rate.quantize(RATE_PLACES, rounding=ROUND_HALF_UP)),
        amount=row["amount"],
        runs=row["runs"],
    )


def _rows(query: str, parameters: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        names = [column.name for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
