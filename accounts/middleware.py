"""Who a signed-in person acts for, and whom somebody of the staff only looks at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import psycopg
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from accounts import audit, customers, impersonation
from accounts.impersonation import Impersonation
from accounts.models import Customer, User
from config.kit import clock, http
from config.kit.errors import NotFoundError

SESSION_KEY: Final = "customer"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# What staff may send meanwhile: to end it, and to sign out.
ENDS: Final = frozenset({"accounts:impersonation_end", "account_logout"})
# Pages that lead out of the product on the customer's behalf, though they are only asked for.
LEADS_OUT: Final = frozenset({"payouts:connect_refresh"})
ADMIN: Final = "/admin/"


class SignedInRequest(HttpRequest):
    """The request of a page for signed-in people."""

    user: User
    customer: Customer
    impersonation: Impersonation | None


class ActiveCustomerMiddleware:
    """Set `request.customer`, read when first looked at (the API never does): None for nobody signed in.

    Somebody signed in without a customer gets one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: SignedInRequest) -> HttpResponse:
        request.impersonation = None
        request.customer = cast("Customer", SimpleLazyObject(lambda: _customer(request)))
        return self.get_response(request)


class ImpersonationMiddleware:
    """Show staff what a customer sees, read only: whatever else than GET is refused, and each page is audited.

    The database refuses too: the connection reads only while a page of the customer's is made.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: SignedInRequest) -> HttpResponse:
        found = _impersonation(request)
        if found is None:
            return self.get_response(request)
        request.impersonation = found
        if request.method not in SAFE:
            # Which page it is only turns out further in: process_view refuses there.
            return self.get_response(request)
        if request.path_info.startswith(ADMIN):
            return self.get_response(request)
        with _reading_only():
            response = self.get_response(request)
        if _is_news(request):
            by = audit.staff(request=request)
            impersonation.saw(impersonation=found, path=request.get_full_path(), by=by, now=clock.now())
        return response

    def process_view(self, request: SignedInRequest, *_: Any) -> HttpResponse | None:
        """Refuse what is sent, and what leads out."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        if request.impersonation is None or name in ENDS:
            return None
        return _refused(request) if request.method not in SAFE or name in LEADS_OUT else None

    def process_exception(self, request: SignedInRequest, error: Exception) -> HttpResponse | None:
        """Say so where a page would have written something."""
        wrote = isinstance(error, Error) and isinstance(
            error.__cause__, psycopg.errors.ReadOnlySqlTransaction
        )
        return _refused(request) if request.impersonation is not None and wrote else None


def _customer(request: SignedInRequest) -> Customer | None:
    if not request.user.is_authenticated:
        return None
    if request.impersonation is not None:
        return request.impersonation.customer
    try:
        return customers.active_customer(user=request.user, preferred=request.session.get(SESSION_KEY))
    except NotFoundError:
        return customers.open_first(user=request.user, now=clock.now())


def _impersonation(request: SignedInRequest) -> Impersonation | None:
    # The API knows no sessions; whoever has none pays for no look into it.
    if request.path_info.startswith(http.API_PREFIXES) or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    if impersonation.KEY not in request.session or not request.user.is_authenticated:
        return None
    by = audit.staff(request=request)
    return impersonation.current(session=request.session, by=by, now=clock.now())


def _is_news(request: SignedInRequest) -> bool:
    """Tell whether a page is to be written down: one that asks for itself every two seconds is, once."""
    if "HX-Request" not in request.headers:
        return True
    seen: list[str] = request.session[impersonation.KEY].setdefault("polled", [])
    if request.path_info in seen:
        return False
    seen.append(request.path_info)
    request.session.modified = True
    return True


def _refused(request: SignedInRequest) -> HttpResponse:
    return render(request, "accounts/impersonation_refused.html", status=403)


@contextmanager
def _reading_only() -> Iterator[None]:
    try:
        _say("SET default_transaction_read_only = on")
        yield
    finally:
        try:
            _say("SET default_transaction_read_only = off")
        except Error:
            # A connection that may have stayed so serves nobody else.
            connection.close()


def _say(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
