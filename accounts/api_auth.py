"""API keys for DRF views and plain ones: the same check, the same refusals."""

from collections.abc import Collection
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts import keys
from accounts.principals import Principal
from config.kit import clock, rate_limit
from config.kit.http import REALM, UnauthenticatedError

SCHEME = "bearer "


def principal_of(request: HttpRequest) -> Principal | None:
    """Authenticate the request's key and count it; None without an Authorization header."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header:
        return None
    if header[: len(SCHEME)].lower() != SCHEME:
        raise UnauthenticatedError("Send Authorization: Bearer <key>.")
    principal = keys.authenticate(secret=header[len(SCHEME) :].strip(), now=clock.now())
    # Read by config.kit.middleware, which adds the RateLimit fields to the answer.
    request.rate = rate_limit.take(who=principal.public_id, kind=principal.kind)  # type: ignore[attr-defined]
    return principal


def admit(request: HttpRequest, *, kinds: Collection[str], scope: str) -> Principal:
    """Give the principal of a request that may pass; raise UnauthenticatedError or ForbiddenError."""
    principal = principal_of(request)
    if principal is None:
        raise UnauthenticatedError("Send Authorization: Bearer <key>.")
    principal.require(kinds=kinds, scope=scope)
    return principal


class ApiKeyAuthentication(BaseAuthentication):
    """`request.auth` is the Principal; no person stands behind a key."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Principal] | None:
        """Read the key of a DRF request."""
        principal = principal_of(request._request)  # noqa: SLF001  (the attribute must reach the middleware)
        return None if principal is None else (AnonymousUser(), principal)

    def authenticate_header(self, _request: Request) -> str:
        """Name the scheme, so that DRF answers 401 and not 403."""
        return REALM


def principal_behind(request: Request) -> Principal:
    """Give the principal of a DRF request that HasScope let pass."""
    return cast("Principal", request.auth)


def HasScope(scope: str, *, kind: str = "customer") -> type[BasePermission]:  # noqa: N802  (it makes a class)
    """Make the permission of a kind of key with a scope."""

    class _HasScope(BasePermission):
        def has_permission(self, request: Request, _view: Any) -> bool:
            if request.auth is None:
                return False
            principal_behind(request).require(kinds=[kind], scope=scope)
            return True

    return _HasScope
