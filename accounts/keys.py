"""API keys: issue, revoke, authenticate."""

import datetime as dt
import hmac
from dataclasses import dataclass
from typing import Final

from django.db import connection

from accounts import queries, secret_text
from accounts.models import ApiKey, Customer, User
from accounts.principals import Principal
from config.kit.errors import InvalidInputError
from config.kit.http import UnauthenticatedError

SCOPES: Final = {
    ApiKey.Kind.CUSTOMER.value: ("wallet:read", "wallet:write", "usage:read", "creator:read"),
    ApiKey.Kind.ROUTER.value: ("usage:write", "route:read"),
    ApiKey.Kind.SERVICE.value: ("features:use", "events:write"),
}
NAME_LENGTH_MAX: Final = 100
KNOWN_MAX: Final = 10_000
USED_EVERY: Final = dt.timedelta(minutes=1)

# Whether a key opens, as a condition on accounts_apikey.
OPENS: Final = "digest = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %s)"

# Skips rather than waits: a call never queues behind another call's note of the same key.
TOUCH: Final = """
    UPDATE accounts_apikey SET last_used_at = %(now)s WHERE id = (
        SELECT id FROM accounts_apikey
        WHERE id = %(id)s AND (last_used_at IS NULL OR last_used_at <= %(stale)s)
        FOR NO KEY UPDATE SKIP LOCKED)
"""


class InvalidKeyError(UnauthenticatedError):
    """No such key."""

    code = "invalid_key"
    title = "Invalid API key"


class KeyRevokedError(UnauthenticatedError):
    """The key was revoked."""

    code = "key_revoked"
    title = "API key revoked"


class KeyExpiredError(UnauthenticatedError):
    """The key's time is over."""

    code = "key_expired"
    title = "API key expired"


@dataclass(frozen=True)
class IssuedKey:
    """A new key and its secret, which nobody can read again."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    since: dt.datetime


# By digest: no other key will ever have it. Read again once a minute, which also notes that the key is used.
_known: dict[bytes, _Known] = {}


def issue(
    *,
    kind: str,
    name: str,
    now: dt.datetime,
    customer: Customer | None = None,
    scopes: list[str] | None = None,
    created_by: User | None = None,
    expires_at: dt.datetime | None = None,
) -> IssuedKey:
    """Make a key; raise InvalidInputError for a name, kind, scope or expiry that cannot be."""
    name = name.strip()
    check(kind=kind, name=name, customer=customer, scopes=scopes, expires_at=expires_at, now=now)
    secret = secret_text.new(kind)
    key = ApiKey.objects.create(
        kind=kind,
        customer=customer,
        name=name,
        prefix=secret_text.prefix(secret),
        digest=secret_text.digest(secret),
        scopes=list(SCOPES[kind] if scopes is None else scopes),
        created_by=created_by,
        created_at=now,
        expires_at=expires_at,
    )
    return IssuedKey(key=key, secret=secret)


def check(
    *,
    kind: str,
    name: str,
    now: dt.datetime,
    customer: Customer | None = None,
    scopes: list[str] | None = None,
    expires_at: dt.datetime | None = None,
) -> None:
    """Raise InvalidInputError for a key that cannot be."""
    problems = {
        "name": not name or len(name) > NAME_LENGTH_MAX or "\x00" in name,
        "kind": kind not in SCOPES,
        "customer": (kind == ApiKey.Kind.CUSTOMER) != (customer is not None),
        "scopes": not set(scopes or []) <= set(SCOPES.get(kind, ())),
        "expires_at": expires_at is not None and expires_at <= now,
    }
    errors = [{"pointer": f"/{field}", "detail": "is not valid"} for field, bad in problems.items() if bad]
    if errors:
        raise InvalidInputError(
            "The key cannot be made: " + ", ".join(error["pointer"][1:] for error in errors), errors=errors
        )


def revoke(*, key: ApiKey, now: dt.datetime) -> bool:
    """Revoke a key for good; False when it was revoked before."""
    return ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now) == 1


def remembered(*, secret: str, now: dt.datetime) -> tuple[Principal, bytes] | None:
    """Tell whose key this was a moment ago, and its digest, without a query.

    It may have been revoked since: whoever uses this proves it in the statement that does the work (OPENS, or
    billing_still), else asks authenticate.
    """
    digest = secret_text.digest(secret)
    known = _known.get(digest)
    if known is None or not known.since <= now < known.since + USED_EVERY:
        return None
    return known.principal, digest


def forget() -> None:
    """Drop what this process remembers of keys."""
    _known.clear()


def authenticate(*, secret: str, now: dt.datetime) -> Principal:
    """Tell whose key this is; raise InvalidKeyError, KeyRevokedError or KeyExpiredError."""
    if not secret_text.is_well_formed(secret):
        raise InvalidKeyError("This is not an API key of ours; check that it was copied whole.")
    digest = secret_text.digest(secret)
    row = queries.key_by_digest(digest=digest)
    if row is None or not hmac.compare_digest(bytes(row.digest), digest):
        raise InvalidKeyError("There is no such API key.")
    if row.revoked_at is not None:
        raise KeyRevokedError("This API key was revoked.")
    if row.expires_at is not None and row.expires_at <= now:
        raise KeyExpiredError("This API key has expired.")
    if row.last_used_at is None or row.last_used_at <= now - USED_EVERY:
        _touch(key_id=row.id, now=now)
    principal = Principal(row.id, row.public_id, row.kind, row.customer_id, tuple(row.scopes), row.name)
    if len(_known) >= KNOWN_MAX:
        _known.clear()
    _known[digest] = _Known(principal, now)
    return principal


def _touch(*, key_id: int, now: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TOUCH, {"id": key_id, "now": now, "stale": now - USED_EVERY})
