"""Controls of the rest: faults, accounts, webhooks, the whole state."""

import time
from typing import Final

from config.devservices.stripe import events, faults, ids
from config.devservices.stripe.controls.table import control, known, whole
from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.resources import account_state, accounts
from config.devservices.stripe.scope import Scope

LOG_ROWS: Final = 500
STATES: Final = {"enable": "enabled", "restrict": "restricted", "reject": "rejected", "require": "incomplete"}


@control("GET", "/health")
def health(scope: Scope, body: Json) -> Json:
    """Say that the stand-in is ready."""
    return {"status": "ok", "account": ids.PLATFORM, "api_version": ids.API_VERSION}


@control("POST", "/reset")
def reset(scope: Scope, body: Json) -> Json:
    """Forget everything; with `keep_webhooks` the endpoints stay."""
    known(body, "keep_webhooks")
    kept = scope.store.select("webhook_endpoint", order="seq") if body.get("keep_webhooks") else []
    scope.store.clear()
    for endpoint in kept:
        scope.save(endpoint)
    return {"status": "ok"}


@control("GET", "/faults")
def list_faults(scope: Scope, body: Json) -> Json:
    """List the scripted faults with their hits."""
    return faults.listing(scope.store)


@control("POST", "/faults")
def add_fault(scope: Scope, body: Json) -> Json:
    """Script a fault."""
    return faults.add(scope.store, body)


@control("DELETE", "/faults")
def clear_faults(scope: Scope, body: Json) -> Json:
    """Forget the faults."""
    faults.clear(scope.store)
    return faults.listing(scope.store)


@control("POST", "/accounts/{id}")
def change_account(scope: Scope, body: Json, id: str) -> Json:
    """Enable, restrict, reject an account, or ask it for more (`requirements`, until a `deadline`)."""
    known(body, "state", "requirements", "deadline")
    state = str(body.get("state", "require"))
    due = body.get("requirements")
    if due is not None and not (isinstance(due, list) and all(isinstance(name, str) for name in due)):
        raise StripeError("Invalid requirements: must be a list of names", param="requirements")
    ends = whole(body, "deadline") if "deadline" in body else None
    account = accounts.find(scope, id)
    return account_state.change(scope, account, state=STATES.get(state, state), due=due, deadline=ends)


@control("POST", "/accounts/{id}/deauthorize")
def deauthorize(scope: Scope, body: Json, id: str) -> Json:
    """Disconnect an account from the platform, as its owner may: nothing of it can be read any more."""
    known(body)
    account = accounts.find(scope, id)
    application = {"id": ids.new("ca"), "object": "application", "name": "Farebox"}
    scope.acting_as(account["id"]).emit("account.application.deauthorized", application)
    return accounts.remove(scope, account["id"])


@control("GET", "/webhooks/deliveries")
def deliveries(scope: Scope, body: Json) -> Json:
    """Return the delivery log, newest first."""
    rows = scope.store.rows("SELECT * FROM deliveries ORDER BY id DESC LIMIT ?", LOG_ROWS)
    types = {row["event"]: (scope.store.find(row["event"]) or {}).get("type") for row in rows}
    return {"object": "list", "data": [{**dict(row), "type": types[row["event"]]} for row in rows]}


@control("POST", "/webhooks/resend")
def resend(scope: Scope, body: Json) -> Json:
    """Send an event again, `times` over, as it is or tampered with (`stale`, `forged`)."""
    known(body, "event", "times", "tamper")
    event = scope.store.find(str(body.get("event")))
    if event is None or event["object"] != "event":
        raise StripeError(f"No such event: '{body.get('event')}'", status=404, code="resource_missing")
    if body.get("tamper") not in (None, "stale", "forged"):
        raise StripeError("Invalid tamper: must be one of stale, forged", param="tamper")
    endpoints = events.listeners(scope.store, event)
    for endpoint in endpoints * whole(body, "times", default=1):
        events.add_delivery(
            scope.store,
            event_id=event["id"],
            endpoint_id=endpoint["id"],
            due=time.time(),
            tamper=body.get("tamper"),
        )
    return {"queued": len(endpoints) * whole(body, "times", default=1)}
