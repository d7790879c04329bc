"""Events, and the webhook deliveries each one owes."""

import fnmatch
import time
from typing import Any

from config.devservices.stripe import faults, ids
from config.devservices.stripe.errors import Json
from config.devservices.stripe.store import Store


def public(value: Any) -> Any:
    """Return an object, or a list of them, without the stand-in's private fields."""
    if isinstance(value, dict):
        return {name: public(field) for name, field in value.items() if not name.startswith("_")}
    return [public(item) for item in value] if isinstance(value, list) else value


def record(
    store: Store, *, account: str, type: str, body: Json, before: Json | None, created: int, request: Json
) -> Json:
    """Write an event and one delivery for every endpoint that listens."""
    data: Json = {"object": public(body)}
    if before is not None:
        data["previous_attributes"] = {
            name: value for name, value in public(before).items() if body.get(name) != value
        }
    event: dict[str, Any] = {
        "id": ids.new("evt"),
        "object": "event",
        "api_version": ids.API_VERSION,
        "created": created,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": request,
        "type": type,
    }
    if account != ids.PLATFORM:
        event["account"] = account
    endpoints = [endpoint for endpoint in listeners(store, event) if endpoint["status"] == "enabled"]
    event["pending_webhooks"] = len(endpoints)
    store.save(event, kind="event", account=account, created=created)
    for endpoint in endpoints:
        queue(store, event=event, endpoint_id=endpoint["id"])
    return event


def listeners(store: Store, event: Json) -> list[Json]:
    """Return the endpoints this event goes to: Connect events to the Connect ones, the rest to the others."""
    return [
        endpoint
        for endpoint in store.select("webhook_endpoint", order="seq")
        if endpoint["_connect"] == ("account" in event)
        and any(fnmatch.fnmatchcase(event["type"], wanted) for wanted in endpoint["enabled_events"])
    ]


def queue(store: Store, *, event: Json, endpoint_id: str) -> None:
    """Queue a delivery, bent by the webhook faults that match."""
    copies, due, state = 1, time.time(), "pending"
    for fault in faults.take_for_event(store, event_type=event["type"]):
        match fault["kind"]:
            case "duplicate":
                copies += int(fault.get("copies", 1))
            case "delay" | "reorder":
                due += int(fault.get("ms", 1500)) / 1000
            case _:
                state = "dropped"
    for _ in range(copies):
        add_delivery(store, event_id=event["id"], endpoint_id=endpoint_id, due=due, state=state)


def add_delivery(
    store: Store,
    *,
    event_id: str,
    endpoint_id: str,
    due: float,
    state: str = "pending",
    tamper: str | None = None,
) -> None:
    """Write one delivery row."""
    store.run(
        "INSERT INTO deliveries (event, endpoint, state, due, tamper) VALUES (?, ?, ?, ?, ?)",
        *(event_id, endpoint_id, state, due, tamper),
    )
