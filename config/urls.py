"""The route table. Each app brings `urls` (pages) and `api_urls` (lists `v1` and `internal`)."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.health import healthz
from config.kit.middleware import unknown_endpoint

APPS: Final = ("accounts", "wallets", "marketplace", "billing", "payouts")


def api(section: str) -> list[Any]:
    """Join the apps' routes of one section of the API."""
    modules = [import_module(f"{app}.api_urls") for app in APPS if find_spec(f"{app}.api_urls")]
    return [route for module in modules for route in getattr(module, section, [])]


pages = [path("", include(f"{app}.urls")) for app in APPS if find_spec(f"{app}.urls")]

urlpatterns = [
    # The hot calls first: a path is compared with one pattern after the other.
    path("internal/", include((api("internal"), "internal"))),
    path("v1/", include((api("v1"), "v1"))),
    *pages,
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("v1/schema", SpectacularAPIView.as_view(), name="schema"),
    path("v1/docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    # Before Django would try the path with a slash, or answer with a page.
    re_path(r"^(?:v1|internal)(?:/|$)", unknown_endpoint),
]
