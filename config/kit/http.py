"""What every API answer shares: problem+json (RFC 9457), strict bodies, JSON answers.

Refusals are DomainErrors wherever they are raised; this is the only place that turns them into HTTP.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework.exceptions import (
    APIException,
    MethodNotAllowed,
    NotAuthenticated,
    ValidationError,
)

from config.kit import strict_json
from config.kit.errors import (
    DomainError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
)

logger = logging.getLogger(__name__)

API_PREFIXES: Final = ("/v1/", "/internal/")
PROBLEM_TYPE: Final = "urn:farebox:problem:"
REALM: Final = 'Bearer realm="farebox"'

T = TypeVar("T")


class UnauthenticatedError(DomainError):
    """No key, or none that we know."""

    code = "unauthenticated"
    status = 401
    title = "Authentication required"
    headers = {"WWW-Authenticate": REALM}


class MethodNotAllowedError(DomainError):
    """The path exists, the method does not."""

    code = "method_not_allowed"
    status = 405
    title = "Method not allowed"

    def __init__(self, *, allowed: list[str]) -> None:
        super().__init__(f"This path takes {', '.join(allowed)}.")
        self.headers = {"Allow": ", ".join(allowed)}


class LengthRequiredError(DomainError):
    """The body comes in chunks of unknown sum: its size cannot be refused before it is read."""

    code = "length_required"
    status = 411
    title = "Length required"


class BodyTooLargeError(DomainError):
    """The body is above the cap."""

    code = "body_too_large"
    status = 413
    title = "Body too large"


class UnsupportedMediaTypeError(DomainError):
    """The body is not declared as JSON."""

    code = "unsupported_media_type"
    status = 415
    title = "Unsupported media type"


class UnavailableError(DomainError):
    """The database is away; nothing was done, or nothing that a retry with the same key would do twice."""

    code = "unavailable"
    status = 503
    title = "Temporarily unavailable"
    headers = {"Retry-After": "1"}


# In this order: a body above Django's own cap is a suspicious operation too.
REFUSALS: Final[dict[type[Exception], type[DomainError]]] = {
    Http404: NotFoundError,
    PermissionDenied: ForbiddenError,
    RequestDataTooBig: BodyTooLargeError,
    SuspiciousOperation: InvalidInputError,
    UnreadablePostError: InvalidInputError,
    OperationalError: UnavailableError,
    InterfaceError: UnavailableError,
}


def answer(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Make a JSON answer."""
    return raw_answer(msgspec.json.encode(data), status=status, headers=headers)


def raw_answer(body: bytes, *, status: int, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Make a JSON answer of bytes that were rendered before."""
    kind = "application/json" if status < 400 else "application/problem+json"
    return HttpResponse(body, status=status, content_type=kind, headers=dict(headers or {}))


def problem_body(error: DomainError) -> dict[str, Any]:
    """Render a refusal as problem+json's object."""
    return {
        "type": PROBLEM_TYPE + error.code,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "errors": error.errors,
        **error.extra,
    }


def problem(error: DomainError) -> HttpResponse:
    """Answer a refusal."""
    return raw_answer(
        msgspec.json.encode(problem_body(error)),
        status=error.status,
        headers=error.headers,
    )


def read_json(request: HttpRequest, into: type[T]) -> T:
    """Read the body into a typed struct; raise a DomainError for anything else."""
    return strict_json.decode(read_body(request), into)


def read_body(request: HttpRequest, *, content_types: Sequence[str] = ("application/json",)) -> bytes:
    """Read the raw body, of a type that is taken and within the cap."""
    if request.content_type not in content_types:
        raise UnsupportedMediaTypeError(f"Send {' or '.join(content_types)}.")
    refuse_large(request.META)
    return request.body


def exception_handler(error: Exception, _context: Any) -> HttpResponse | None:
    """Turn what a DRF view raised into problem+json (REST_FRAMEWORK['EXCEPTION_HANDLER'])."""
    refusal = as_refusal(error)
    return None if refusal is None else problem(refusal)


def as_refusal(error: BaseException) -> DomainError | None:
    """Name the refusal that an exception stands for; None means that it is our bug."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, APIException):
        return _from_drf(error)
    refusal = next((refusal for kind, refusal in REFUSALS.items() if isinstance(error, kind)), None)
    if refusal is UnavailableError:
        logger.error("database.unavailable", exc_info=error)
    return None if refusal is None else refusal()


def _from_drf(error: APIException) -> DomainError:
    if isinstance(error, ValidationError):
        return InvalidInputError(errors=_pointers(error.detail, ""))
    if isinstance(error, NotAuthenticated):
        return UnauthenticatedError("Send Authorization: Bearer <key>.")
    refusal = DomainError(str(error.detail))
    refusal.status, refusal.code = error.status_code, str(error.default_code)
    refusal.title = str(error.default_detail).rstrip(".")
    if isinstance(error, MethodNotAllowed):
        refusal.title = MethodNotAllowedError.title
    return refusal


def _pointers(detail: Any, pointer: str) -> list[dict[str, str]]:
    if isinstance(detail, Mapping):
        named = {"non_field_errors": ""}
        pairs = [(pointer + named.get(key, f"/{key}"), value) for key, value in detail.items()]
        return [found for place, value in pairs for found in _pointers(value, place)]
    if isinstance(detail, list):
        nested = any(isinstance(item, Mapping) for item in detail)
        places = [f"{pointer}/{index}" if nested else pointer for index in range(len(detail))]
        return [found for place, item in zip(places, detail, strict=True) for found in _pointers(item, place)]
    return [{"pointer": pointer, "detail": str(detail)}]


def refuse_large(meta: Mapping[str, Any]) -> None:
    """Raise BodyTooLargeError or LengthRequiredError by the declared length, before a byte is read."""
    if "HTTP_TRANSFER_ENCODING" in meta and not meta.get("CONTENT_LENGTH"):
        raise LengthRequiredError("Send Content-Length; chunked bodies are not taken.")
    length = str(meta.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length) > strict_json.BODY_BYTES_MAX:
        raise BodyTooLargeError(f"A body holds at most {strict_json.BODY_BYTES_MAX} bytes.")
