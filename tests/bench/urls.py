"""The application's routes, and three bare views: nothing, the check of a key, the reserve function's call alone."""

import random
from functools import cache
from typing import Final

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from accounts.plain_api import ApiRequest, api_view
from config.kit import ids
from config.urls import urlpatterns as application
from tests.bench.functions import CUSTOMERS

RESERVE: Final = """
    SELECT o_answer, o_execution, o_available FROM billing_reserve('router', 'key:bench', NULL, NULL, %s, %s, %s,
        %s, %s, %s, 50000000, 50000000, NULL, '{"request": "1"}', '', '', '', false,
        now() + interval '15 minutes', now())
"""


def empty(request: HttpRequest) -> HttpResponse:
    """Answer nothing."""
    return HttpResponse(b"{}", content_type="application/json")


@api_view(kind="router", scope="usage:write", methods=["GET"])
def admitted(request: ApiRequest) -> HttpResponse:
    """Answer nothing, to a key that may."""
    return HttpResponse(b"{}", content_type="application/json")


@csrf_exempt
def reserved(request: HttpRequest) -> HttpResponse:
    """Call the function: no key, no body, no price, no answer in words."""
    caller = f"cst_bench{random.randint(1, CUSTOMERS)}"
    with connection.cursor() as cursor:
        cursor.execute(RESERVE, [ids.new(ids.EXECUTION), ids.new(ids.HOLD), caller, *_agent()])
        answer, _, _ = cursor.fetchone()
    return HttpResponse(answer, content_type="text/plain")


@cache
def _agent() -> tuple[str, int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT creator, agent, version FROM bench.agent WHERE number = 0")
        creator, agent, version = cursor.fetchone()
    return creator, agent, version


urlpatterns = [
    path("bench/empty", empty),
    path("bench/admitted", admitted),
    path("bench/reserved", reserved),
    *application,
]
