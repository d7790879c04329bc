"""Idempotency-Key for the POSTs that keep no facts of their own.

The key's row is inserted first, in the transaction that does the work. A concurrent duplicate therefore waits
on the unique index until the first one commits, then reads its answer; if the first one rolls back (a 5xx),
nothing is kept and the duplicate does the work itself.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from accounts.models import IdempotentRequest
from accounts.plain_api import ApiRequest
from accounts.principals import Principal
from config.kit import clock, http
from config.kit.errors import DomainError, InvalidInputError, KeyReusedError

KEY_PATTERN: Final = re.compile(r"^[!-~]{1,255}(?![\s\S])")

CLAIM: Final = """
    INSERT INTO accounts_idempotentrequest (key_id, operation, idempotency_key, fingerprint, created_at)
    VALUES (%s, %s, %s, %s, %s) ON CONFLICT (key_id, operation, idempotency_key) DO NOTHING RETURNING id
"""


@dataclass(frozen=True)
class Answer:
    """What was answered, now or before, byte by byte."""

    status: int
    body: bytes
    replayed: bool

    def response(self) -> HttpResponse:
        """Make the HTTP answer."""
        headers = {"Idempotent-Replayed": "true"} if self.replayed else {}
        return http.raw_answer(self.body, status=self.status, headers=headers)


def key_of(request: HttpRequest) -> str | None:
    """Read the Idempotency-Key header; raise InvalidInputError for one that cannot be a key."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY_PATTERN.fullmatch(key):
        raise InvalidInputError("Idempotency-Key holds 1 to 255 visible ASCII characters.")
    return key


def fingerprint(request: HttpRequest) -> bytes:
    """Give what makes two requests the same: method, path and body."""
    return hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.body).digest()


def remember(
    *, request: ApiRequest, principal: Principal, operation: str, act: Callable[[], tuple[int, Any]]
) -> Answer:
    """Do the work once per key and give its answer again afterwards; raise KeyReusedError for another body.

    `act` gives status and data; its DomainErrors are answers too (and undo what it wrote), other exceptions
    are not.
    """
    key = key_of(request)
    if key is None:
        status, data = act()
        return Answer(status, msgspec.json.encode(data), replayed=False)
    print_ = fingerprint(request)
    with transaction.atomic():
        row_id = _claim(principal, operation, key, print_)
        if row_id is None:
            return _replay(principal, operation, key, print_)
        status, body = _attempt(act)
        IdempotentRequest.objects.filter(pk=row_id).update(status=status, body=body)
        return Answer(status, body, replayed=False)


def _claim(principal: Principal, operation: str, key: str, print_: bytes) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [principal.key_id, operation, key, print_, clock.now()])
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _replay(principal: Principal, operation: str, key: str, print_: bytes) -> Answer:
    kept = IdempotentRequest.objects.get(key_id=principal.key_id, operation=operation, idempotency_key=key)
    if bytes(kept.fingerprint) != print_:
        raise KeyReusedError("This Idempotency-Key came with another request before.")
    assert kept.status is not None
    assert kept.body is not None
    return Answer(kept.status, bytes(kept.body), replayed=True)


def _attempt(act: Callable[[], tuple[int, Any]]) -> tuple[int, bytes]:
    try:
        with transaction.atomic():
            status, data = act()
    except DomainError as error:
        if error.status >= 500:
            raise
        return error.status, msgspec.json.encode(http.problem_body(error))
    return status, msgspec.json.encode(data)
