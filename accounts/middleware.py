"""Who a signed-in person acts for."""

from collections.abc import Callable
from typing import Final, cast

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from accounts import customers
from accounts.models import Customer, User
from config.kit import clock
from config.kit.errors import NotFoundError

SESSION_KEY: Final = "customer"


class SignedInRequest(HttpRequest):
    """The request of a page for signed-in people."""

    user: User
    customer: Customer


class ActiveCustomerMiddleware:
    """Set `request.customer`, read when first looked at (the API never does): None for nobody signed in.

    Somebody signed in without a customer gets one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: SignedInRequest) -> HttpResponse:
        request.customer = cast("Customer", SimpleLazyObject(lambda: _customer(request)))
        return self.get_response(request)


def _customer(request: SignedInRequest) -> Customer | None:
    if not request.user.is_authenticated:
        return None
    try:
        return customers.active_customer(user=request.user, preferred=request.session.get(SESSION_KEY))
    except NotFoundError:
        return customers.open_first(user=request.user, now=clock.now())
