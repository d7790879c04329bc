"""Query parameters of lists and reports: moments, choices, nothing unknown."""

import datetime as dt
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from config.kit.errors import InvalidInputError

DATE_PATTERN: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOMENT_PATTERN: Final = re.compile(
    rf"{DATE_PATTERN.pattern}T\d{{2}}:\d{{2}}:\d{{2}}(\.\d{{1,6}})?(Z|[+-]\d{{2}}:\d{{2}})", re.ASCII
)
# Before everything that we know; periods are counted back from a moment, which the first years do not allow.
EARLIEST: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
TEXT_LENGTH_MAX: Final = 100


def refuse_unknown(query: Mapping[str, Any], *, known: Collection[str]) -> None:
    """Raise InvalidInputError for a parameter that would otherwise be ignored in silence."""
    unknown = sorted(set(query) - set(known))
    if unknown:
        raise InvalidInputError(
            "Unknown query parameters: " + ", ".join(unknown) + ".",
            errors=[{"pointer": f"/{name}", "detail": "is not a parameter"} for name in unknown],
        )


def moment(query: Mapping[str, Any], name: str) -> dt.datetime | None:
    """Read an RFC 3339 time, or a date (its midnight in UTC); None when it is left out."""
    if name not in query:
        return None
    found = _moment(str(query[name]), name)
    if found < EARLIEST:
        raise _invalid(name, "must be in 1970 or later")
    return found


def choice(query: Mapping[str, Any], name: str, *, choices: Collection[str], default: str = "") -> str:
    """Read one of the named values."""
    text = str(query.get(name, default))
    if name in query and text not in choices:
        raise _invalid(name, "must be one of " + ", ".join(choices))
    return text


def text(query: Mapping[str, Any], name: str) -> str:
    """Read a short text; empty when it is left out."""
    value = str(query.get(name, ""))
    if len(value) > TEXT_LENGTH_MAX or "\x00" in value:
        raise _invalid(name, f"must be a text of at most {TEXT_LENGTH_MAX} characters")
    return value


def _moment(text: str, name: str) -> dt.datetime:
    # An unescaped "+" of an offset arrives as a space.
    text = text.replace(" ", "+")
    try:
        if DATE_PATTERN.fullmatch(text):
            return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
        if MOMENT_PATTERN.fullmatch(text):
            return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise _invalid(name, "is not a date or time that exists") from error
    raise _invalid(name, "must be a time such as 2026-03-02T00:00:00Z, or a date")


def _invalid(name: str, problem: str) -> InvalidInputError:
    return InvalidInputError(f"{name} {problem}.", errors=[{"pointer": f"/{name}", "detail": problem}])
