"""Balance transactions and the balance they add up to, per account and currency."""

from typing import Final

from config.devservices.stripe import ids
from config.devservices.stripe.clock import DAY
from config.devservices.stripe.errors import Json
from config.devservices.stripe.scope import Scope

FEE_THOUSANDTHS: Final = 29
FEE_FIXED: Final = 30
PENDING_DAYS_DEFAULT: Final = "2"


def card_fee(amount: int) -> int:
    """Return 2.9 % + 30 cents, rounded half up."""
    return (amount * FEE_THOUSANDTHS + 500) // 1000 + FEE_FIXED


def pending_until(scope: Scope) -> int:
    """Return when money that arrives now becomes available."""
    return scope.now + int(float(scope.store.setting("pending_days", PENDING_DAYS_DEFAULT)) * DAY)


def book(
    scope: Scope,
    *,
    type: str,
    category: str,
    amount: int,
    currency: str,
    source: str | None,
    fee: int = 0,
    available_on: int | None = None,
    description: str | None = None,
    payout: str | None = None,
) -> Json:
    """Write a balance transaction of the scope's account; without a date it counts at once."""
    now = scope.now
    due = now if available_on is None else available_on
    details = [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    txn = {
        "id": ids.new("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": due,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details if fee else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "available" if due <= now else "pending",
        "type": type,
        "_payout": payout,
    }
    scope.store.run(
        "INSERT INTO movements (txn, account, currency, net, available_on, created) VALUES (?, ?, ?, ?, ?, ?)",
        *(txn["id"], scope.account, currency, txn["net"], due, now),
    )
    return scope.save(txn)


def totals(scope: Scope) -> dict[str, tuple[int, int]]:
    """Return (available, pending) of each currency."""
    rows = scope.store.rows(
        "SELECT currency, sum(CASE WHEN available_on <= ? THEN net ELSE 0 END) AS available, sum(net) AS whole "
        "FROM movements WHERE account = ? GROUP BY currency ORDER BY currency",
        *(scope.now, scope.account),
    )
    return {row["currency"]: (row["available"], row["whole"] - row["available"]) for row in rows}


def available(scope: Scope, *, currency: str) -> int:
    """Return what can be sent now."""
    return totals(scope).get(currency, (0, 0))[0]


def release_all(scope: Scope) -> int:
    """Make everything pending available, on every account."""
    return scope.store.run(
        "UPDATE movements SET available_on = ? WHERE available_on > ?", scope.now, scope.now
    )


def refresh(scope: Scope, txn: Json) -> Json:
    """Return a balance transaction with the status of this moment."""
    rows = scope.store.rows("SELECT available_on FROM movements WHERE txn = ?", txn["id"])
    due = rows[0]["available_on"]
    return {**txn, "available_on": due, "status": "available" if due <= scope.now else "pending"}
