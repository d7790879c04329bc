"""Bank payouts: made by schedule or by hand, and arriving later."""

from typing import Final

from config.devservices.stripe import balances, ids
from config.devservices.stripe.clock import DAY
from config.devservices.stripe.errors import Json, refused
from config.devservices.stripe.scope import Scope

BANK_DAYS_DEFAULT: Final = "1"
INTERVAL_DAYS: Final = {"daily": 1, "weekly": 7, "monthly": 30}
FAILURES: Final = {
    "account_closed": "The bank account has been closed.",
    "no_account": "The bank account could not be located.",
    "could_not_process": "The bank could not process this payout.",
    "declined": "The bank has declined this transfer.",
}


def expect_payout(scope: Scope, account_id: str) -> None:
    """Set the day on which an account's next automatic payout leaves, if none is set."""
    account = scope.store.find(account_id)
    interval = account["settings"]["payouts"]["schedule"]["interval"] if account else "manual"
    if account and interval in INTERVAL_DAYS and account["_payout_due"] is None:
        account["_payout_due"] = scope.now + INTERVAL_DAYS[interval] * DAY
        scope.acting_as(ids.PLATFORM).save(account)


def run_due(scope: Scope) -> None:
    """Send the automatic payouts that are due, and let those under way arrive."""
    for account in scope.store.select(
        "account", clauses=" AND json_extract(body, '$._payout_due') <= ?", values=(scope.now,)
    ):
        send_automatic(scope, account, at=account["_payout_due"])
    due = (
        " AND json_extract(body, '$.status') IN ('pending', 'in_transit')"
        " AND json_extract(body, '$.arrival_date') <= ?"
    )
    for payout in scope.store.select("payout", clauses=due, values=(scope.now,), order="seq"):
        arrive(scope, payout)


def send_automatic(scope: Scope, account: Json, *, at: int) -> Json | None:
    """Pay an account's whole available balance to its bank, unless there is nothing or no bank."""
    theirs = scope.acting_as(account["id"])
    amount = balances.available(theirs, currency=account["default_currency"])
    if amount <= 0 or not account["payouts_enabled"]:
        return None
    account["_payout_due"] = None
    scope.acting_as(ids.PLATFORM).save(account)
    return create(theirs, amount=amount, currency=account["default_currency"], automatic=True, at=at)


def create(
    scope: Scope,
    *,
    amount: int,
    currency: str,
    automatic: bool,
    at: int | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Json:
    """Take money from the scope's balance and send it to its bank."""
    payout_id = ids.new("po")
    account = scope.store.find(scope.account)
    banks = account["external_accounts"]["data"] if account else []
    txn = balances.book(
        scope,
        type="payout",
        category="payout",
        amount=-amount,
        currency=currency,
        source=payout_id,
        payout=payout_id,
    )
    started = at if at is not None else scope.now
    payout = {
        "id": payout_id,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": started + bank_seconds(scope),
        "automatic": automatic,
        "balance_transaction": txn["id"],
        "created": scope.now,
        "currency": currency,
        "description": description or ("STRIPE PAYOUT" if automatic else None),
        "destination": banks[0]["id"] if banks else None,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": metadata or {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit" if automatic else "pending",
        "trace_id": None,
        "type": "bank_account",
    }
    scope.save(payout)
    if automatic:
        _tie_transactions(scope, payout_id)
    scope.emit("payout.created", payout)
    return payout


def bank_seconds(scope: Scope) -> int:
    """Return how long a bank payout is under way."""
    return int(float(scope.store.setting("bank_days", BANK_DAYS_DEFAULT)) * DAY)


def arrive(scope: Scope, payout: Json) -> Json:
    """Let a payout reach the bank."""
    theirs = _under_way(scope, payout)
    payout |= {
        "arrival_date": min(payout["arrival_date"], scope.now),
        "status": "paid",
        "trace_id": {"status": "supported", "value": ids.token(length=12)},
    }
    theirs.save(payout)
    theirs.emit("payout.paid", payout)
    return payout


def fail(scope: Scope, payout: Json, *, code: str = "account_closed") -> Json:
    """Let the bank send a payout back: its money returns to the account's balance."""
    theirs = _under_way(scope, payout)
    txn = balances.book(
        theirs,
        type="payout_failure",
        category="payout_reversal",
        amount=payout["amount"],
        currency=payout["currency"],
        source=payout["id"],
    )
    payout |= {
        "failure_balance_transaction": txn["id"],
        "failure_code": code,
        "failure_message": FAILURES.get(code, FAILURES["could_not_process"]),
        "status": "failed",
    }
    theirs.save(payout)
    theirs.emit("payout.failed", payout)
    return payout


def cancel(scope: Scope, payout: Json) -> Json:
    """Call back a payout that has not left."""
    if payout["status"] != "pending" or payout["automatic"]:
        raise refused("Payouts can only be canceled if they are manual and pending.")
    txn = balances.book(
        scope,
        type="payout_cancel",
        category="payout_reversal",
        amount=payout["amount"],
        currency=payout["currency"],
        source=payout["id"],
    )
    payout |= {"failure_balance_transaction": txn["id"], "status": "canceled"}
    scope.save(payout)
    scope.emit("payout.canceled", payout)
    return payout


def _under_way(scope: Scope, payout: Json) -> Scope:
    if payout["status"] not in ("pending", "in_transit"):
        raise refused(f"This payout is already {payout['status']}.")
    return scope.acting_as(scope.store.owner(payout["id"]) or ids.PLATFORM)


def _tie_transactions(scope: Scope, payout_id: str) -> None:
    # An automatic payout lists the balance transactions it pays out: that is how a platform finds its transfers.
    scope.store.run(
        "UPDATE objects SET body = json_set(body, '$._payout', ?) WHERE kind = 'balance_transaction' AND account = ? "
        "AND json_extract(body, '$._payout') IS NULL AND json_extract(body, '$.available_on') <= ?",
        *(payout_id, scope.account, scope.now),
    )
