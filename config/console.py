"""What the admin's theme asks for: the side navigation and the first page's figures."""

from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from config.kit import clock
from payouts.queries import console

# Group, then model (app.model) and icon (Material Symbols, which the theme brings along).
GROUPS: Final = (
    ("People", (("accounts.customer", "group"), ("accounts.user", "person"), ("accounts.apikey", "key"))),
    (
        "Ledger",
        (
            ("wallets.wallet", "account_balance_wallet"),
            ("wallets.transaction", "receipt_long"),
            ("wallets.entry", "list_alt"),
            ("wallets.bookscheck", "verified"),
        ),
    ),
    (
        "Marketplace",
        (
            ("marketplace.agent", "smart_toy"),
            ("marketplace.creator", "storefront"),
            ("marketplace.planversion", "sell"),
            ("marketplace.creditpackage", "redeem"),
        ),
    ),
    (
        "Billing",
        (
            ("billing.execution", "play_circle"),
            ("billing.topup", "add_card"),
            ("billing.subscription", "autorenew"),
            ("billing.balancetransaction", "sync_alt"),
            ("billing.quarantinedevent", "report"),
        ),
    ),
    (
        "Payouts",
        (
            ("payouts.payoutrun", "event_repeat"),
            ("payouts.payout", "payments"),
            ("payouts.payoutaccount", "account_balance"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """List the models that staff may open, grouped by what they are about."""
    allowed = {
        f"{app['app_label']}.{model['object_name'].lower()}": model
        for app in admin.site.get_app_list(request)
        for model in app["models"]
    }
    home = {"title": "Dashboard", "icon": "dashboard", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [{"title": "", "items": [home]}]
    for title, models in GROUPS:
        items = [_item(allowed[name], icon) for name, icon in models if name in allowed]
        groups += [{"title": title, "separator": True, "items": items}] if items else []
    return groups


def dashboard(_request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the figures of the first page."""
    return context | {
        "money": console.money(),
        "today": console.today(now=clock.now()),
        "proof": console.proof(),
        "waiting": [_waiting(item) for item in console.waiting()],
        "books_url": _url(console.BOOKS),
    }


def _item(model: dict[str, Any], icon: str) -> dict[str, Any]:
    return {
        "title": str(model["name"])[:1].upper() + str(model["name"])[1:],
        "icon": icon,
        "link": model["admin_url"],
    }


def _waiting(item: console.Waiting) -> dict[str, Any]:
    url = _url(item.page)
    return {"label": item.label, "count": item.count, "url": url + item.query if url else ""}


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
