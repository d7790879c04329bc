"""The admin's theme: our name, mark and colours."""

from typing import Any

from django.templatetags.static import static

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Farebox",
    "SITE_HEADER": "Farebox",
    "SITE_SUBHEADER": "Operations",
    "SITE_URL": "/",
    "SITE_ICON": lambda _request: static("img/mark.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("img/mark.svg")}
    ],
    "STYLES": [lambda _request: static("css/admin.css")],
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "DASHBOARD_CALLBACK": "config.console.dashboard",
    # Ctrl K finds what /admin/find/ finds.
    "COMMAND": {"search_callback": "payouts.views.staff.command_search"},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "config.console.navigation",
    },
    # The blue of the pages, from the lightest to the darkest.
    "COLORS": {
        "primary": {
            "50": "oklch(97% 0.014 262)",
            "100": "oklch(93.5% 0.03 262)",
            "200": "oklch(88% 0.056 262)",
            "300": "oklch(81% 0.09 261)",
            "400": "oklch(72% 0.13 260)",
            "500": "oklch(60% 0.165 261)",
            "600": "oklch(47% 0.165 262)",
            "700": "oklch(42% 0.15 262)",
            "800": "oklch(37% 0.125 263)",
            "900": "oklch(32% 0.1 264)",
            "950": "oklch(24% 0.075 265)",
        },
    },
}
