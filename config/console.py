"""What the admin's theme asks for: the side navigation and the first page's figures."""

import datetime as dt
import json
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from config.kit import clock
from payouts.queries import console, solvency, standing_of_books
from wallets.money import MICRO
from wallets.templatetags.money import credits_text

CHART_DAYS: Final = 14
DASHBOARD: Final = "Dashboard"

# Group, then model (app.model) and icon (Material Symbols, which the theme brings along).
GROUPS: Final = (
    (
        "People",
        (
            ("accounts.customer", "group"),
            ("accounts.user", "person"),
            ("accounts.apikey", "key"),
            ("accounts.auditentry", "policy"),
        ),
    ),
    (
        "Ledger",
        (
            ("wallets.wallet", "account_balance_wallet"),
            ("wallets.adjustment", "exposure"),
            ("wallets.transaction", "receipt_long"),
            ("wallets.entry", "list_alt"),
            ("wallets.bookscheck", "verified"),
            ("wallets.sealhead", "link"),
        ),
    ),
    (
        "Marketplace",
        (
            ("marketplace.agent", "smart_toy"),
            ("marketplace.creator", "storefront"),
            ("marketplace.planversion", "sell"),
            ("marketplace.creditpackage", "redeem"),
            ("billing.voucher", "confirmation_number"),
            ("billing.promogrant", "card_giftcard"),
            ("marketplace.agreement", "handshake"),
            ("marketplace.modelrate", "price_change"),
        ),
    ),
    (
        "Billing",
        (
            ("billing.execution", "play_circle"),
            ("billing.topup", "add_card"),
            ("billing.subscription", "autorenew"),
            ("billing.subscriptionmove", "move_up"),
            ("billing.invoice", "receipt"),
            ("billing.dispute", "gavel"),
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
            ("payouts.creatorterms", "schedule"),
            ("payouts.risktier", "shield"),
        ),
    ),
    (
        "Reconciliation",
        (
            ("payouts.discrepancy", "rule"),
            ("payouts.correction", "published_with_changes"),
            ("payouts.reconciledday", "event_available"),
            ("payouts.reconciliation", "fact_check"),
            ("payouts.withdrawal", "output"),
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
    home = {"title": DASHBOARD, "icon": "dashboard", "link": reverse("admin:index")}
    find = {"title": "Find", "icon": "search", "link": reverse("payouts:staff_find")}
    groups: list[dict[str, Any]] = [{"title": "", "items": [home, find]}]
    for title, models in GROUPS:
        items = [_item(allowed[name], icon) for name, icon in models if name in allowed]
        groups += [{"title": title, "separator": True, "items": items}] if items else []
    return groups


def dashboard(_request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the figures of the first page."""
    now = clock.now()
    coverage, standing = solvency.coverage(), standing_of_books.standing(now=now)
    waiting = console.waiting(now=now, standing=standing, coverage=coverage)
    return context | {
        "title": DASHBOARD,
        "money": console.money(),
        "today": console.today(now=now),
        "days": _days(console.charged_per_day(now=now, days=CHART_DAYS)),
        "proof": console.proof(),
        "coverage": coverage,
        "standing": standing,
        "reconciliation_url": _url(console.DISCREPANCIES),
        "withdrawals_url": _url(console.WITHDRAWALS),
        "waiting": [_waiting(item) for item in waiting],
        "books_url": _url(console.BOOKS),
    }


def _days(days: list[tuple[dt.date, int]]) -> dict[str, str]:
    chart = {
        "labels": [f"{day:%b} {day.day}" for day, _charged in days],
        # Whole credits are enough to draw; the sentence is exact.
        "datasets": [
            {
                "label": "Credits charged",
                "data": [charged // MICRO for _day, charged in days],
                "backgroundColor": "var(--color-primary-600)",
                "displayYAxis": True,
            }
        ],
    }
    total = credits_text(sum(charged for _day, charged in days))
    return {"chart": json.dumps(chart), "sentence": f"{total} credits in {len(days)} days, UTC."}


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
