"""Connected accounts over the API, and the platform's own."""

from typing import Final

from config.devservices.stripe import ids, listing
from config.devservices.stripe.errors import Json, StripeError, missing, unreachable_account
from config.devservices.stripe.forms import Params
from config.devservices.stripe.resources import account_shape, account_state
from config.devservices.stripe.routing import CREATED, PAGING, route
from config.devservices.stripe.scope import Scope

URL: Final = "/v1/accounts"
INTERVALS: Final = ("manual", "daily", "weekly", "monthly")
SCHEDULE: Final = ("interval", "delay_days", "weekly_anchor", "monthly_anchor")
CAPABILITIES: Final = ("transfers", "card_payments")
CHANGEABLE: Final = (
    *("email", "business_type", "metadata.**", "business_profile.**", "default_currency"),
    *(f"capabilities.{name}.requested" for name in CAPABILITIES),
    *(f"settings.payouts.schedule.{field}" for field in SCHEDULE),
    *("settings.payouts.statement_descriptor", "settings.payouts.debit_negative_balances"),
    *("tos_acceptance.service_agreement", "tos_acceptance.date", "tos_acceptance.ip"),
)


@route(
    *("POST", URL, "type", "country", *CHANGEABLE, "controller.fees.payer", "controller.losses.payments"),
    *("controller.requirement_collection", "controller.stripe_dashboard.type"),
)
def create(scope: Scope, params: Params) -> Json:
    """Create a connected account, by type or by controller."""
    kind = params.choice("type", ("express", "custom", "standard"))
    controller = params.child("controller")
    if kind and controller.form:
        raise StripeError("You may only specify one of these parameters: type, controller.", param="type")
    account = account_shape.connected(
        account_id=ids.new("acct"),
        now=scope.now,
        country=params.text("country") or "US",
        email=params.text("email"),
        controller=account_shape.controller(controller, kind),
        type=account_shape.type_of(controller, kind),
    )
    account["requirements"] = account_state.requirements("new")
    _apply(account, params)
    return scope.save(account)


@route("GET", URL, *PAGING, *CREATED)
def index(scope: Scope, params: Params) -> Json:
    """List connected accounts."""
    return listing.of_objects(scope, params, "account", url=URL)


@route("GET", "/v1/account")
def retrieve_own(scope: Scope, params: Params) -> Json:
    """Return the account that asks."""
    if scope.account == ids.PLATFORM:
        return account_shape.platform(scope.now)
    return find(scope, scope.account)


@route("GET", URL + "/{id}")
def retrieve(scope: Scope, params: Params, id: str) -> Json:
    """Return an account."""
    return account_shape.platform(scope.now) if id == ids.PLATFORM else find(scope, id)


@route("POST", URL + "/{id}", *CHANGEABLE)
def update(scope: Scope, params: Params, id: str) -> Json:
    """Change a connected account."""
    account = find(scope, id)
    before = dict(account)
    _apply(account, params)
    return account_state.announce(scope, account, before=before)


@route("DELETE", URL + "/{id}")
def delete(scope: Scope, params: Params, id: str) -> Json:
    """Delete a connected account."""
    find(scope, id)
    return remove(scope, id)


@route("GET", URL + "/{id}/external_accounts", *PAGING, "object")
def index_external(scope: Scope, params: Params, id: str) -> Json:
    """List an account's banks."""
    return listing.of_items(params, _external(scope, id), url=f"{URL}/{id}/external_accounts")


@route("GET", URL + "/{id}/external_accounts/{external}")
def retrieve_external(scope: Scope, params: Params, id: str, external: str) -> Json:
    """Return one of an account's banks."""
    for bank in _external(scope, id):
        if bank["id"] == external:
            return bank
    raise missing("external account", external)


@route("GET", URL + "/{id}/capabilities", *PAGING)
def index_capabilities(scope: Scope, params: Params, id: str) -> Json:
    """List an account's capabilities."""
    account = find(scope, id)
    items = [account_state.capability(account, name) for name in account["capabilities"]]
    return listing.wrap(items, url=f"{URL}/{id}/capabilities")


@route("POST", URL + "/{id}/login_links")
def create_login_link(scope: Scope, params: Params, id: str) -> Json:
    """Open an account's Express dashboard."""
    account = find(scope, id)
    if not account["details_submitted"]:
        raise StripeError("Cannot create a login link for an account that has not completed onboarding.")
    return {"object": "login_link", "created": scope.now, "url": f"{scope.base_url}/express/{id}"}


def find(scope: Scope, account_id: str) -> Json:
    """Return a connected account, or 403 as Stripe answers for one that is not the platform's."""
    account = scope.store.find(account_id)
    if account is None or account["object"] != "account" or account.get("deleted"):
        raise unreachable_account(account_id)
    return account


def remove(scope: Scope, account_id: str) -> Json:
    """Leave a stump of an account: it was deleted, or is not the platform's any more."""
    stump = {"id": account_id, "object": "account", "deleted": True}
    scope.store.delete(account_id)
    scope.store.save(stump, kind="deleted_account", account=ids.PLATFORM, created=scope.now)
    return stump


def _external(scope: Scope, account_id: str) -> list[Json]:
    if account_id == ids.PLATFORM:
        return []
    banks: list[Json] = find(scope, account_id)["external_accounts"]["data"]
    return banks


def _apply(account: Json, params: Params) -> None:
    for field in ("email", "default_currency"):
        if params.has(field):
            account[field] = params.text(field)
    if params.has("business_type"):
        account["business_type"] = params.choice(
            "business_type", ("individual", "company", "non_profit", "government_entity")
        )
    for name in CAPABILITIES:
        wanted = params.child("capabilities").child(name)
        if wanted.flag("requested"):
            account["capabilities"].setdefault(
                name, "active" if account["_state"] == "enabled" else "inactive"
            )
    profile = params.child("business_profile")
    account["business_profile"] |= {
        field: profile.text(field) for field in account["business_profile"] if profile.has(field)
    }
    agreement = params.child("tos_acceptance").choice("service_agreement", ("full", "recipient"))
    if agreement:
        account["tos_acceptance"]["service_agreement"] = agreement
    _apply_schedule(account, params.child("settings").child("payouts").child("schedule"))
    account["metadata"] = params.metadata(before=account["metadata"])


def _apply_schedule(account: Json, schedule: Params) -> None:
    payouts = account["settings"]["payouts"]
    if interval := schedule.choice("interval", INTERVALS):
        payouts["schedule"] = {"delay_days": payouts["schedule"]["delay_days"], "interval": interval}
        if interval == "weekly":
            anchor = schedule.text("weekly_anchor") or "monday"
            payouts["schedule"] |= {"weekly_anchor": anchor, "weekly_payout_days": [anchor]}
        if interval == "monthly":
            anchor_day = schedule.integer("monthly_anchor", least=1) or 1
            payouts["schedule"] |= {"monthly_anchor": anchor_day, "monthly_payout_days": [anchor_day]}
