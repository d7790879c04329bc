"""What an operation left behind, in our tables and at Stripe, with ids, times and names taken out.

Two runs of one story leave equal footprints, however often one of them was killed: a doubled, lost or stuck effect
shows as a line that only one of them has.
"""

import datetime as dt
import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db import connection
from django.db.models import Field, ForeignKey, Model

from tests.support.processes import StripeStandin

OURS: Final = ("accounts", "wallets", "marketplace", "billing", "payouts")
# The chain of seals numbers transactions as they come, and proves itself (`seals.verify`). A run is of a week, not of a
# story. A payout's history tells of each doubt on its way.
LEFT_OUT: Final = {
    *("wallets.Seal", "wallets.SealHead", "wallets.SealProgress", "wallets.BooksCheck"),
    *("payouts.PayoutRun", "payouts.PayoutStateChange"),
    # Numbered and chained from story to story; `verify_statements` proves them.
    "payouts.Statement",
}
# A doubt that is over: its row tells of it, and says when it ended.
ENDED: Final = {"billing.QuarantinedEvent": "resolved_at"}
# How often, not what: a call that is repeated counts once more.
TRIES: Final = {"calls", "called_at", "attempts", "checked_at", "error_detail"}
# What names a row without being a foreign key, and where in a common wallet an entry came to stand.
IDS: Final = {"id", "owner_id", "prefix", "wallet_seq", "balance_after", "manifest", "draft_manifest"}
# Numbers that go on from story to story.
NUMBERED: Final = {"billing.Invoice.number", "billing.CreditNote.number"}
DEPTH: Final = 1
PUBLIC_ID: Final = re.compile(r"\b([a-z]{2,4})_(?:test_)?[0-9A-Za-z]{8,}\b")
DAY: Final = re.compile(r"\b20\d\d-\d\d-\d\d\b|\b\d{1,2} [A-Z][a-z]{2} 20\d\d\b")
UNSEEN_AT_STRIPE: Final = {"event", "webhook_endpoint", "account_link", "login_link"}
GIVEN_LAST: Final = "SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences"

Row = Model


@dataclass(frozen=True)
class Mark:
    """Where the tables and Stripe stood before a story began."""

    tables: dict[type[Model], Any]
    stripe: int

    @classmethod
    def now(cls, standin: StripeStandin | None = None) -> "Mark":
        """Remember where everything stands."""
        last = _stripe_rows(standin, "SELECT coalesce(max(seq), 0) FROM objects")[0][0] if standin else 0
        return cls(_heights(), int(last))


def of(mark: Mark, *, name: str, standin: StripeStandin | None = None) -> list[str]:
    """Give one line for each row written since the mark, in a stable order; `name` is the story's own."""
    heights = _heights()
    fresh = {model: _since(model, last) for model, last in mark.tables.items() if heights[model] != last}
    rows = {(model, row.pk): row for model, found in fresh.items() for row in found}
    lines = [_line(row, rows, name, DEPTH) for row in rows.values() if not _ended(row)]
    return sorted([*lines, *(_at_stripe(standin, mark.stripe) if standin else [])])


def differences(found: list[str], expected: list[str]) -> list[str]:
    """List the lines that only one of two footprints has."""
    surplus, missing = list(found), []
    for line in expected:
        if line in surplus:
            surplus.remove(line)
        else:
            missing.append(line)
    return [_shortened(line, missing, "+") for line in surplus] + [
        _shortened(line, surplus, "-") for line in missing
    ]


def _shortened(line: str, others: list[str], sign: str) -> str:
    """Leave out what the first row of its kind on the other side says too."""
    kind = line.partition("(")[0]
    twin = next((other for other in others if other.startswith(f"{kind}(")), "")
    said = set(twin.split(", "))
    return f"{sign} {kind} " + ", ".join(part for part in line.split(", ") if part not in said)


def _heights() -> dict[type[Model], Any]:
    """Give the id that each table gave last, or all its keys where there is none."""
    with connection.cursor() as cursor:
        # A number that was given and rolled back is no row's; a hundred max(id) took far longer to plan than to find.
        cursor.execute(GIVEN_LAST)
        given = dict(cursor.fetchall())
    return {
        model: given[f"{model._meta.db_table}_id_seq"]
        if _has_id(model)
        else set(model._base_manager.values_list("pk", flat=True))
        for model in _models()
    }


def _models() -> Iterator[type[Model]]:
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            if model._meta.label not in LEFT_OUT and model._meta.managed:
                yield model


def _since(model: type[Model], last: Any) -> list[Row]:
    rows = model._base_manager.all()
    return list(rows.filter(id__gt=last)) if _has_id(model) else [row for row in rows if row.pk not in last]


def _ended(row: Row) -> bool:
    label = row._meta.label
    return label in ENDED and getattr(row, ENDED[label]) is not None


def _has_id(model: type[Model]) -> bool:
    return any(field.name == "id" for field in model._meta.fields)


def _line(row: Row, rows: dict[Any, Row], name: str, depth: int) -> str:
    values = [
        f"{field.name}={_value(row, field, rows, name, depth)}"
        for field in row._meta.fields
        if not field.primary_key
        and field.name not in TRIES | IDS
        and f"{row._meta.label}.{field.name}" not in NUMBERED
    ]
    return f"{row._meta.label}({', '.join(values)})"


def _value(row: Row, field: "Field[Any, Any]", rows: dict[Any, Row], name: str, depth: int) -> str:
    value = getattr(row, field.attname)
    if isinstance(field, ForeignKey):
        if field.remote_field.model._meta.label in LEFT_OUT:
            return "one" if value else "none"
        target = rows.get((field.remote_field.model, value))
        if target is None:
            return str(value)
        return _line(target, rows, name, depth - 1) if depth else field.remote_field.model._meta.label
    if isinstance(value, dt.datetime | dt.date):
        return "a time"
    if isinstance(value, bytes | memoryview):
        return "bytes" if value else "no bytes"
    text = DAY.sub("a day", PUBLIC_ID.sub(r"\1_*", str(value)))
    return re.sub(name, "~", text, flags=re.IGNORECASE)


def _at_stripe(standin: StripeStandin, since: int) -> list[str]:
    found = _stripe_rows(standin, "SELECT kind, account, body FROM objects WHERE seq > ?", since)
    return [
        f"Stripe {kind} of {'us' if account.startswith('acct_standin') else 'an account'}: {_facts(body)}"
        for kind, account, body in found
        if kind not in UNSEEN_AT_STRIPE
    ]


def _facts(body: str) -> str:
    said = json.loads(body)
    names = ("status", "amount", "amount_total", "amount_reversed", "net", "type", "payouts_enabled")
    return ", ".join(f"{name}={said[name]}" for name in names if name in said)


def _stripe_rows(standin: StripeStandin, query: str, *values: Any) -> list[Any]:
    argv = list(standin.child.command.argv)
    store = sqlite3.connect(f"file:{argv[argv.index('--data') + 1]}?mode=ro", uri=True)
    try:
        return store.execute(query, values).fetchall()
    finally:
        store.close()
