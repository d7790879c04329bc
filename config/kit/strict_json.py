"""JSON as the API takes it: UTF-8, finite numbers, no key twice, no text that PostgreSQL cannot keep."""

import json
import re
from decimal import Decimal
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from config.kit.errors import DomainError, InvalidInputError

BODY_BYTES_MAX: Final = 1_000_000
NUMBER_CHARS_MAX: Final = 40
INTEGER_END: Final = 10**20
NUMBER_PATTERN: Final = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)
ESCAPE_PATTERN: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
PLACE_PATTERN: Final = re.compile(r"^(?P<problem>.*?)(?: - at (?:`key` in )?`\$(?P<path>.*)`)?$", re.DOTALL)
FIELD_PATTERN: Final = re.compile(r"^Object (?:contains unknown|missing required) field `(?P<field>.*)`$")

T = TypeVar("T")


class MalformedJsonError(DomainError):
    """The body is not JSON, or has what JSON forbids or we refuse to keep."""

    code = "malformed_json"
    status = 400
    title = "Malformed JSON"


class Exact(Decimal):
    """A number sent as a JSON number or as text, exact and finite, for the structs of request bodies."""


def loads(body: bytes) -> Any:
    """Read JSON strictly; raise MalformedJsonError with what is wrong."""
    try:
        data = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=number,
            parse_int=_integer,
        )
    except UnicodeDecodeError as error:
        raise MalformedJsonError("The body is not UTF-8.") from error
    except json.JSONDecodeError as error:
        raise MalformedJsonError(f"{error.msg} at line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise MalformedJsonError("The body is nested too deeply.") from error
    if ESCAPE_PATTERN.search(body) or b"\x00" in body:
        refuse_unstorable(data)
    return data


def decode(body: bytes, into: type[T]) -> T:
    """Read JSON into a typed struct; raise InvalidInputError naming the field."""
    return convert(loads(body), into)


def convert(data: Any, into: type[T], *, strict: bool = True) -> T:
    """Check plain values against a type; `strict=False` also takes numbers and the like from text."""
    try:
        return msgspec.convert(data, into, strict=strict, dec_hook=_exact)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJsonError("An object names the same key twice.")
    return found


def _constant(name: str) -> NoReturn:
    raise MalformedJsonError(f"{name} is not a JSON number.")


def _integer(text: str) -> int:
    if len(text) > NUMBER_CHARS_MAX:
        raise MalformedJsonError("A number is out of range.")
    return int(text)


def number(text: str) -> Decimal:
    """Read a number with a point or an exponent, exactly; raise MalformedJsonError beyond what anything needs."""
    # Exponents are kept small: Decimal("1e999999999") is short, but its integer does not fit any memory.
    found = Decimal(text) if len(text) <= NUMBER_CHARS_MAX else None
    if found is None or not -NUMBER_CHARS_MAX < found.adjusted() < NUMBER_CHARS_MAX:
        raise MalformedJsonError("A number is out of range.")
    return found


def refuse_unstorable(data: Any) -> None:
    """Raise MalformedJsonError for a text that PostgreSQL cannot keep."""
    match data:
        case str() if "\x00" in data:
            raise MalformedJsonError("A text holds the character NUL.")
        case str() if not data.isascii() and any("\ud800" <= char <= "\udfff" for char in data):
            raise MalformedJsonError("A text holds half of a surrogate pair.")
        case dict():
            for key, value in data.items():
                refuse_unstorable(key)
                refuse_unstorable(value)
        case list():
            for value in data:
                refuse_unstorable(value)
        case _:
            pass


def _exact(into: type[Any], value: Any) -> Any:
    if type(value) is int and abs(value) < INTEGER_END:  # what nearly all usage is
        return Exact(value)
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if into is not Exact or type(value) not in (int, Decimal, str) or not NUMBER_PATTERN.fullmatch(text):
        raise ValueError("Expected a decimal number of at most 20 digits on each side of the point")
    return Exact(text)


def invalid(message: str) -> InvalidInputError:
    """Name the field that msgspec's message is about."""
    place = PLACE_PATTERN.match(message)
    assert place is not None
    problem, path = place["problem"], place["path"] or ""
    field = FIELD_PATTERN.match(problem)
    parts = re.findall(r"[^.\[\]]+", path.replace("[...]", "")) + ([field["field"]] if field else [])
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
    detail = f"{problem} at {pointer}" if pointer and not field else problem
    return InvalidInputError(detail + ".", errors=[{"pointer": pointer, "detail": problem}])
