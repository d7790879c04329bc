"""Routes of the tests' own, to try the way in without any app's views: plain, DRF and remembered calls."""

from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpResponse
from django.urls import path, re_path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import idempotency
from accounts.api_auth import HasScope, principal_behind
from accounts.models import Customer
from accounts.plain_api import ApiRequest, api_view
from config.kit import clock, http
from config.kit.errors import DomainError, NotFoundError
from config.kit.middleware import unknown_endpoint
from config.kit.strict_json import Exact


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """A body with the kinds of field that bodies have."""

    agent: str
    usage: dict[str, Exact] | None = None
    parts: list["Order"] = []


class Receipt(msgspec.Struct):
    """An answer."""

    agent: str
    principal: str


class ShortError(DomainError):
    code, status, title = "insufficient_credits", 402, "Insufficient credits"


@api_view(kind="router", scope="usage:write", methods=["POST"], body=Order, answers={201: Receipt})
def order(request: ApiRequest, *, body: Order) -> HttpResponse:
    """Take an order."""
    return http.answer(Receipt(body.agent, request.principal.id), status=201)


@api_view(kind="router", scope="usage:write", methods=["GET"])
def whoami(request: ApiRequest, *, name: str) -> dict[str, str]:
    """Say who calls."""
    return {"name": name, "customer": request.principal.name}


FAILURES: dict[str, Exception] = {
    "short": ShortError(
        "Buy more.", extra={"blocking_gate": "wallet", "shortfall": {"credits": "1", "usd": "0.001"}}
    ),
    "missing": Http404(),
    "denied": PermissionDenied(),
    "database": OperationalError("server closed the connection"),
    "away": http.UnavailableError(),
    "bug": ZeroDivisionError("our bug"),
}


@api_view(kind="router", scope="usage:write", methods=["GET"])
def fail(_request: ApiRequest, *, how: str) -> HttpResponse:
    """Raise."""
    raise FAILURES[how]


@api_view(kind="customer", scope="wallet:write", methods=["POST"], body=Order)
def remembered(request: ApiRequest, *, body: Order) -> HttpResponse:
    """Open a customer once per key."""

    def act() -> tuple[int, Any]:
        customer = Customer.objects.create(name=body.agent, email="x@example.com", created_at=clock.now())
        if body.agent in FAILURES:
            raise FAILURES[body.agent]
        return 201, {"id": customer.public_id, "name": customer.name}

    return idempotency.remember(
        request=request, principal=request.principal, operation="sample.create", act=act
    ).response()


class SampleInput(serializers.Serializer[Any]):
    count = serializers.IntegerField(min_value=1)


class SampleView(APIView):
    """The same through DRF."""

    permission_classes = [HasScope("wallet:read")]

    def post(self, request: Request, how: str) -> Response:
        """Raise, or count."""
        if how in FAILURES:
            raise FAILURES[how]
        SampleInput(data=request.data).is_valid(raise_exception=True)
        return Response({"customer": principal_behind(request).customer_id})


def page_of_somebody_else(_request: Any) -> HttpResponse:
    """Raise what a page's query raises."""
    raise NotFoundError


urlpatterns = [
    path("internal/order", order),
    path("internal/whoami/<str:name>", whoami),
    path("internal/fail/<str:how>", fail),
    path("v1/remembered", remembered),
    path("v1/sample/<str:how>", SampleView.as_view()),
    path("page/", page_of_somebody_else),
    re_path(r"^(?:v1|internal)(?:/|$)", unknown_endpoint),
]
