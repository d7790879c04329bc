"""Who calls the API, and what that opens."""

from collections.abc import Collection
from dataclasses import dataclass

from config.kit.errors import ForbiddenError


class WrongKeyKindError(ForbiddenError):
    """This kind of key does not open this part of the API."""

    code = "wrong_key_kind"
    title = "Wrong kind of key"


class MissingScopeError(ForbiddenError):
    """The key was made without the scope that this call needs."""

    code = "missing_scope"
    title = "Missing scope"


@dataclass(frozen=True, slots=True)
class Principal:
    """The key behind a request: `id` is the text to keep as actor or source."""

    key_id: int
    public_id: str
    kind: str
    customer_id: int | None
    scopes: tuple[str, ...]
    name: str

    @property
    def id(self) -> str:
        """Name the principal in a text column."""
        return f"key:{self.public_id}"

    def require(self, *, kinds: Collection[str], scope: str) -> None:
        """Raise WrongKeyKindError or MissingScopeError unless this key may pass."""
        if self.kind not in kinds:
            raise WrongKeyKindError(
                f"This is a {self.kind} key; use a {' or '.join(sorted(kinds))} key here."
            )
        if scope not in self.scopes:
            raise MissingScopeError(f"This key lacks the scope {scope}.")

    def opens(self, *, kinds: Collection[str], scope: str) -> bool:
        """Tell whether this key may pass."""
        return self.kind in kinds and scope in self.scopes
