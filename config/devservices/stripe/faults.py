"""Scripted faults: rules kept in the store, matched against requests, charges and events."""

import fnmatch
import json
from typing import Any, Final

from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.store import Store

REQUEST_KINDS: Final = (
    "error_before",
    "error_after",
    "drop_before",
    "drop_after",
    "delay",
    "status",
    "decline",
    "wait",
)
EVENT_KINDS: Final = ("duplicate", "reorder", "delay", "drop")
FIELDS: Final = {
    *(
        "kind",
        "method",
        "path",
        "event",
        "count",
        "ms",
        "status",
        "code",
        "decline_code",
        "copies",
        "sticky",
        "type",
    )
}


def add(store: Store, rule: Json) -> Json:
    """Script a fault; `event` makes it one of webhooks, otherwise it is one of requests."""
    kinds = EVENT_KINDS if _is_for_events(rule) else REQUEST_KINDS
    if rule.get("kind") not in kinds:
        raise StripeError(f"Invalid kind: must be one of {', '.join(kinds)}", param="kind")
    if unknown := set(rule) - FIELDS:
        raise StripeError(f"Received unknown parameter: {min(unknown)}", code="parameter_unknown")
    count = rule.get("count", 1)
    store.run("INSERT INTO faults (rule, remaining) VALUES (?, ?)", json.dumps(rule), count or None)
    return listing(store)["data"][-1]  # type: ignore[no-any-return]


def listing(store: Store) -> Json:
    """Return every fault with its hits."""
    rows = store.rows("SELECT * FROM faults ORDER BY id")
    faults = [
        {**json.loads(row["rule"]), **{key: row[key] for key in ("id", "remaining", "hits")}} for row in rows
    ]
    return {"object": "list", "data": faults}


def clear(store: Store) -> None:
    """Forget every fault."""
    store.run("DELETE FROM faults")


def take_for_request(store: Store, *, method: str, path: str) -> list[Json]:
    """Use up the faults that match a request, those of charging excepted."""
    return _take(
        store, lambda rule: not _is_for_events(rule) and _matches(rule, method, path) and not _charges(rule)
    )


def take_charge(store: Store, *, method: str, path: str) -> Json | None:
    """Use up one decline, or one wait, that matches the request which charges a card."""
    taken = _take(store, lambda rule: _charges(rule) and _matches(rule, method, path), limit=1)
    return taken[0] if taken else None


def take_for_event(store: Store, *, event_type: str) -> list[Json]:
    """Use up the faults that match an event."""
    return _take(
        store, lambda rule: _is_for_events(rule) and fnmatch.fnmatchcase(event_type, rule.get("event", "*"))
    )


def _is_for_events(rule: Json) -> bool:
    return "event" in rule or rule.get("kind") in ("duplicate", "reorder", "drop")


def _charges(rule: Json) -> bool:
    return rule["kind"] in ("decline", "wait")


def _matches(rule: Json, method: str, path: str) -> bool:
    return rule.get("method", method) == method and fnmatch.fnmatchcase(path, rule.get("path", "*"))


def _take(store: Store, wanted: Any, limit: int = 100) -> list[Json]:
    # Rows are read first without the write, so that requests pay nothing while no fault is scripted.
    rows = store.rows("SELECT * FROM faults WHERE remaining IS NULL OR remaining > 0 ORDER BY id")
    taken = [row for row in rows if wanted(json.loads(row["rule"]))][:limit]
    for row in taken:
        store.run("UPDATE faults SET hits = hits + 1, remaining = remaining - 1 WHERE id = ?", row["id"])
    return [json.loads(row["rule"]) for row in taken]
