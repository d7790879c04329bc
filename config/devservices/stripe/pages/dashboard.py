"""What the operator sees: balances, payments, accounts, transfers, payouts, events, deliveries."""

import json
import time
from collections.abc import Callable
from html import escape
from typing import Final

from config.devservices.stripe import balances, events, ids
from config.devservices.stripe.errors import Json
from config.devservices.stripe.http import Response
from config.devservices.stripe.pages import layout
from config.devservices.stripe.resources import accounts
from config.devservices.stripe.scope import Scope

ROWS: Final = 15
Cell = Callable[[Json], str]


def handle(scope: Scope, parts: list[str]) -> Response:
    """Answer one of the dashboard's pages."""
    match parts:
        case [""]:
            return layout.page("Dashboard", _overview(scope), wide=True)
        case ["objects", object_id]:
            return _object(scope, object_id)
        case ["express", account_id]:
            return layout.page("Express", _express(scope, account_id), wide=True)
        case _:
            return layout.message("Not found", "There is no such page.", status=404)


def _overview(scope: Scope) -> str:
    clock = _time(scope.now)
    return (
        f"<h1>Dashboard</h1><p class='soft'>Platform <code>{ids.PLATFORM}</code>, clock {clock}</p>"
        + _controls()
        + _section("Balance", _balances(scope.acting_as(ids.PLATFORM)))
        + _objects(
            scope,
            "Payments",
            "charge",
            {"Amount": _amount, "Status": _field("status"), "Customer": _link("customer")},
            account=ids.PLATFORM,
        )
        + _objects(
            scope,
            "Connected accounts",
            "account",
            {"E-mail": _field("email"), "State": _field("_state"), "Payouts": _field("payouts_enabled")},
        )
        + _objects(
            scope,
            "Transfers",
            "transfer",
            {
                "Amount": _amount,
                "To": _link("destination"),
                "Reversed": _field("amount_reversed"),
                "Group": _field("transfer_group"),
            },
        )
        + _objects(
            scope,
            "Bank payouts",
            "payout",
            {"Amount": _amount, "Status": _field("status"), "Arrives": _arrival},
        )
        + _objects(
            scope,
            "Refunds",
            "refund",
            {"Amount": _amount, "Status": _field("status"), "Charge": _link("charge")},
        )
        + _objects(
            scope,
            "Disputes",
            "dispute",
            {"Amount": _amount, "Status": _field("status"), "Charge": _link("charge")},
        )
        + _objects(scope, "Events", "event", {"Type": _field("type"), "Account": _link("account")})
        + _section("Webhook deliveries", _deliveries(scope))
    )


def _controls() -> str:
    actions = (
        ("/_sim/payouts/run", "Send bank payouts now", ""),
        ("/_sim/balance/release", "Make pending money available", ""),
        ("/_sim/clock/advance", "Advance one day", "<input type='hidden' name='days' value='1'>"),
    )
    forms = "".join(
        f"<form method='post' action='{url}'>{extra}<button class='second'>{label}</button></form>"
        for url, label, extra in actions
    )
    return f"<div class='card'><h2>Controls</h2><div class='row'>{forms}</div></div>"


def _section(title: str, body: str) -> str:
    return f"<section class='card'><h2>{escape(title)}</h2>{body}</section>"


def _objects(
    scope: Scope, title: str, kind: str, cells: dict[str, Cell], *, account: str | None = None
) -> str:
    found = scope.store.select(kind, account=account, limit=ROWS)
    rows = [
        [layout.object_link(body), _time(body["created"]), *(cell(body) for cell in cells.values())]
        for body in found
    ]
    return _section(title, layout.table(["Id", "Created", *cells], rows, empty="None yet."))


def _balances(scope: Scope) -> str:
    rows = [
        [currency.upper(), layout.money(free, currency), layout.money(pending, currency)]
        for currency, (free, pending) in balances.totals(scope).items()
    ]
    return layout.table(["Currency", "Available", "Pending"], rows, empty="No money yet.")


def _deliveries(scope: Scope) -> str:
    found = scope.store.rows("SELECT * FROM deliveries ORDER BY id DESC LIMIT ?", ROWS)
    rows = [
        [
            f"<a href='/objects/{row['event']}'>{row['event']}</a>",
            f"<a href='/objects/{row['endpoint']}'>{row['endpoint']}</a>",
            escape(row["state"]),
            str(row["attempts"]),
            escape(str(row["status"] or row["error"] or ""))[:80],
        ]
        for row in found
    ]
    return layout.table(["Event", "Endpoint", "State", "Attempts", "Answer"], rows, empty="None yet.")


def _object(scope: Scope, object_id: str) -> Response:
    body = scope.store.find(object_id)
    if body is None:
        return layout.message("Not found", f"There is no object {object_id}.", status=404)
    text = escape(json.dumps(events.public(body), indent=2))
    title = f"{body['object']} {object_id}"
    return layout.page(
        title,
        f"<p><a href='/'>← Dashboard</a></p><h1>{escape(title)}</h1><div class='card'><pre>{text}</pre></div>",
        wide=True,
    )


def _express(scope: Scope, account_id: str) -> str:
    account = accounts.find(scope, account_id)
    theirs = scope.acting_as(account_id)
    payouts = [
        [layout.object_link(payout), _amount(payout), escape(payout["status"]), _arrival(payout)]
        for payout in theirs.select("payout")[:ROWS]
    ]
    state = "Payouts are on." if account["payouts_enabled"] else "Payouts are off: requirements are due."
    return (
        f"<h1>Express dashboard</h1><p class='soft'><code>{escape(account_id)}</code>: {state}</p>"
        + _section("Balance", _balances(theirs))
        + _section(
            "Payouts to your bank",
            layout.table(["Id", "Amount", "Status", "Arrives"], payouts, empty="None yet."),
        )
    )


def _time(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def _amount(body: Json) -> str:
    return layout.money(body["amount"], body["currency"])


def _arrival(payout: Json) -> str:
    return _time(payout["arrival_date"])


def _field(name: str) -> Cell:
    return lambda body: escape("" if body.get(name) is None else str(body[name]))


def _link(name: str) -> Cell:
    return lambda body: layout.object_link({"id": body[name]}) if body.get(name) else ""
