"""How far a connected account got: new, incomplete, restricted, enabled, rejected."""

from typing import Final

from config.devservices.stripe import ids
from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.resources import account_shape
from config.devservices.stripe.scope import Scope

ALL_DUE: Final = [
    *("business_profile.url", "external_account", "individual.dob.day", "individual.first_name"),
    *("individual.last_name", "individual.verification.document", "tos_acceptance.date", "tos_acceptance.ip"),
]
LEFT_DUE: Final = ["external_account", "individual.verification.document"]
STATES: Final = ("new", "incomplete", "restricted", "enabled", "rejected")


def change(
    scope: Scope, account: Json, *, state: str, due: list[str] | None = None, deadline: int | None = None
) -> Json:
    """Move an account to a state, and tell the Connect endpoints what changed."""
    if state not in STATES:
        raise StripeError(f"Invalid state: must be one of {', '.join(STATES)}", param="state")
    before = {**account, "capabilities": dict(account["capabilities"])}
    enabled = state == "enabled"
    recipient = account["tos_acceptance"].get("service_agreement") == "recipient"
    account |= {
        "_state": state,
        "capabilities": dict.fromkeys(account["capabilities"], "active" if enabled else "inactive"),
        "charges_enabled": enabled and not recipient,
        "details_submitted": state != "new",
        "payouts_enabled": enabled,
        "requirements": requirements(state, due) | {"current_deadline": deadline},
    }
    if enabled:
        _add_bank(scope, account)
        account["tos_acceptance"] |= {"date": scope.now, "ip": "127.0.0.1"}
    theirs = scope.acting_as(account["id"])
    for name, status in account["capabilities"].items():
        if before["capabilities"].get(name) != status:
            theirs.emit("capability.updated", capability(account, name))
    return announce(scope, account, before=before)


def announce(scope: Scope, account: Json, *, before: Json) -> Json:
    """Write an account and emit `account.updated`, as itself."""
    scope.acting_as(ids.PLATFORM).save(account)
    scope.acting_as(account["id"]).emit("account.updated", account, before=before)
    return account


def capability(account: Json, name: str) -> Json:
    """Return a capability object."""
    return {
        "id": name,
        "object": "capability",
        "account": account["id"],
        "future_requirements": account["future_requirements"],
        "requested": True,
        "requested_at": account["created"],
        "requirements": account["requirements"],
        "status": account["capabilities"][name],
    }


def requirements(state: str, due: list[str] | None = None) -> Json:
    """Return what a state still asks for."""
    if state == "enabled":
        return account_shape.requirements(due or [])
    if state == "rejected":
        return account_shape.requirements(due or [], disabled_reason="rejected.fraud")
    needed = due or (ALL_DUE if state == "new" else LEFT_DUE)
    return account_shape.requirements(
        list(needed), disabled_reason="requirements.past_due", past=state == "restricted"
    )


def _add_bank(scope: Scope, account: Json) -> None:
    banks = account["external_accounts"]["data"]
    if not banks:
        banks.append(account_shape.bank(account["id"], ids.new("ba")))
        scope.acting_as(account["id"]).emit("account.external_account.created", banks[0])
