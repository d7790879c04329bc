"""The reason that staff give for an act."""

from typing import Final

from config.kit.errors import InvalidInputError

LENGTH_MAX: Final = 300


def check(*, reason: str) -> None:
    """Raise InvalidInputError for a reason that says nothing, or too much, or what no database keeps."""
    if not reason.strip() or len(reason) > LENGTH_MAX or "\x00" in reason:
        raise InvalidInputError.of("reason", f"must be a text of 1 to {LENGTH_MAX} letters")
