"""One base for every refusal of ours; subclasses stand beside the code that raises them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self


class DomainError(Exception):
    """A refusal with a stable code: what problem+json, pages and the admin show."""

    code = "refused"
    status = 400
    title = "The request was refused"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        detail: str = "",
        *,
        errors: list[dict[str, str]] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = errors or []
        self.extra = dict(extra or {})


class InvalidInputError(DomainError):
    """The input does not have the shape or range that the contract names."""

    code = "invalid_input"
    status = 400
    title = "Invalid input"

    @classmethod
    def of(cls, field: str, problem: str) -> Self:
        """Name a field, as a path, and what is wrong with it."""
        return cls(f"{field} {problem}", errors=[{"pointer": f"/{field}", "detail": problem}])


class NotFoundError(DomainError):
    """No such object, or it is somebody else's: the answer is the same."""

    code = "not_found"
    status = 404
    title = "Not found"


class ForbiddenError(DomainError):
    """The principal is known but may not do this."""

    code = "forbidden"
    status = 403
    title = "Forbidden"


class ConflictError(DomainError):
    """The object is in a state that does not allow this."""

    code = "conflict"
    status = 409
    title = "Conflict"


class KeyReusedError(DomainError):
    """The same idempotency key came with another body."""

    code = "idempotency_key_reused"
    status = 422
    title = "Idempotency key reused with another request"
