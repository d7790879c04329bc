"""The application's routes, and two views that do nothing: without and with the check of a key."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.plain_api import ApiRequest, api_view
from config.urls import urlpatterns as application


def empty(request: HttpRequest) -> HttpResponse:
    """Answer nothing."""
    return HttpResponse(b"{}", content_type="application/json")


@api_view(kind="router", scope="usage:write", methods=["GET"])
def admitted(request: ApiRequest) -> HttpResponse:
    """Answer nothing, to a key that may."""
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [path("bench/empty", empty), path("bench/admitted", admitted), *application]
