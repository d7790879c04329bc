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
    secret = _secret_of(request)
    if secret is None:
        return None
    principal = keys.authenticate(secret=secret, now=clock.now())
    _count(request, principal)
    return principal


def recall(request: HttpRequest, *, kinds: Collection[str], scope: str) -> tuple[Principal, bytes] | None:
    """Give the principal that the key had a moment ago and the key's digest, which the view is to prove.

    None when nothing is remembered, or it would not open this.
    """
    known = keys.remembered(secret=_secret_of(request) or "", now=clock.now())
    if known is None or not known[0].opens(kinds=kinds, scope=scope):
        return None
    _count(request, known[0])
    return known


def prove(request: HttpRequest) -> None:
    """Ask the database for a key that was only remembered; raise UnauthenticatedError when it opens no more."""
    keys.authenticate(secret=_secret_of(request) or "", now=clock.now())


def admit(request: HttpRequest, *, kinds: Collection[str], scope: str) -> Principal:
    """Give the principal of a request that may pass; raise UnauthenticatedError or ForbiddenError."""
    principal = principal_of(request)
    if principal is None:
        raise UnauthenticatedError("Send Authorization: Bearer <key>.")
    principal.require(kinds=kinds, scope=scope)
    return principal


def _secret_of(request: HttpRequest) -> str | None:
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header:
        return None
    if header[: len(SCHEME)].lower() != SCHEME:
        raise UnauthenticatedError("Send Authorization: Bearer <key>.")
    return str(header[len(SCHEME) :].strip())


def _count(request: HttpRequest, principal: Principal) -> None:
    # Read by config.kit.middleware, which adds the RateLimit fields to the answer.
    request.rate = rate_limit.take(who=principal.public_id, kind=principal.kind)  # type: ignore[attr-defined]


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
