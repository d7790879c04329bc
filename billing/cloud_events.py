"""CloudEvents 1.0 as they come in: one, a batch, or one in headers; each read alone, so that a bad one refuses itself.

`subject` names the customer, `type` and `data` are what meters look at. An event that takes another back has that
one's type and `.reversed`, and its id in `data.reverses`. Extension attributes are let pass and not kept. Pure.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote

import msgspec
from msgspec import Meta

from config.kit import strict_json
from config.kit.errors import InvalidInputError
from config.kit.strict_json import MalformedJsonError

ONE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
PLAIN: Final = "application/json"
EVENTS_MAX: Final = 1_000
REVERSED: Final = ".reversed"
HEADER: Final = "Ce-"
JSON_TYPE: Final = re.compile(r"application/(?:[\w.+-]+\+)?json(?:\s*;.*)?", re.ASCII | re.IGNORECASE)

Key = Annotated[str, Meta(min_length=1, max_length=255)]


class CloudEvent(msgspec.Struct, frozen=True):
    """One event: `source` and `id` name it for ever, `subject` is the customer, `time` is when it happened."""

    specversion: Literal["1.0"]
    id: Key
    source: Key
    type: Annotated[str, Meta(min_length=1, max_length=120)]
    subject: Annotated[str, Meta(min_length=1, max_length=200)]
    time: Annotated[dt.datetime, Meta(tz=True)] | None = None
    datacontenttype: Annotated[str, Meta(max_length=200)] | None = None
    data: dict[str, Any] | None = None
    data_base64: str | None = None

    @property
    def reverses(self) -> str | None:
        """Name the event that this one takes back."""
        named = (self.data or {}).get("reverses") if self.type.endswith(REVERSED) else None
        return named if isinstance(named, str) else None


class InvalidEventError(InvalidInputError):
    """An event lacks what an event has."""

    code = "invalid_event"
    title = "Invalid event"


_decoder: Final = msgspec.json.Decoder(CloudEvent, float_hook=strict_json.number)
_batch: Final = msgspec.json.Decoder(list[msgspec.Raw])
_one: Final = msgspec.json.Decoder(msgspec.Raw)


def split(*, body: bytes, content_type: str) -> Sequence[msgspec.Raw]:
    """Take an envelope apart; raise MalformedJsonError or InvalidInputError for one that is none."""
    text = body.lstrip(b" \t\r\n")
    many = text[:1] == b"["
    if text[:1] not in (b"[", b"{") or (content_type, many) in ((ONE, True), (BATCH, False)):
        _refuse_envelope(body, content_type)
    found = _read(_batch, body) if many else [_read(_one, body)]
    if len(found) > EVENTS_MAX:
        raise InvalidInputError(f"A batch holds at most {EVENTS_MAX} events.")
    return found


def read(*, raw: msgspec.Raw) -> CloudEvent:
    """Read one event; raise MalformedJsonError or InvalidEventError."""
    try:
        event = _decoder.decode(raw)
    except msgspec.ValidationError as error:
        refusal = strict_json.invalid(str(error))
        raise InvalidEventError(refusal.detail, errors=refusal.errors) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedJsonError(str(error)) from error
    if strict_json.ESCAPE_PATTERN.search(raw):
        strict_json.refuse_unstorable(msgspec.structs.asdict(event))
    return _whole(event)


def read_binary(*, headers: Mapping[str, str], content_type: str, body: bytes) -> CloudEvent:
    """Read an event whose attributes are headers and whose body is its data; raise as `read` does."""
    attributes: dict[str, Any] = {
        name[len(HEADER) :].lower(): unquote(value, errors="strict")
        for name, value in headers.items()
        if name.startswith(HEADER)
    }
    data = strict_json.loads(body) if body else None
    try:
        event = strict_json.convert({**attributes, "datacontenttype": content_type, "data": data}, CloudEvent)
    except InvalidInputError as error:
        raise InvalidEventError(error.detail, errors=error.errors) from error
    strict_json.refuse_unstorable(msgspec.structs.asdict(event))
    return _whole(event)


def _read(decoder: "msgspec.json.Decoder[Any]", body: bytes) -> Any:
    try:
        body.decode("utf-8")
        return decoder.decode(body)
    except UnicodeDecodeError as error:
        raise MalformedJsonError("The body is not UTF-8.") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedJsonError(str(error)) from error


def _refuse_envelope(body: bytes, content_type: str) -> None:
    strict_json.loads(body)
    kind = {ONE: "an event, an object", BATCH: "a list of events"}.get(
        content_type, "an event or a list of them"
    )
    raise InvalidInputError(f"The body of {content_type} is {kind}.")


def _whole(event: CloudEvent) -> CloudEvent:
    """Refuse what the shape alone does not tell."""
    if event.data_base64 is not None:
        raise InvalidEventError.of("data_base64", "is not taken: send data as JSON")
    if event.datacontenttype is not None and not JSON_TYPE.fullmatch(event.datacontenttype):
        raise InvalidEventError.of("datacontenttype", "is not JSON")
    if event.type.endswith(REVERSED) and not event.reverses:
        raise InvalidEventError.of("data/reverses", "names the event that is reversed")
    return event
