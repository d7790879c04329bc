"""The bodies of the API, checked; and the amounts, addresses and customers in them."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from django.conf import settings
from msgspec import Meta

from accounts import customers
from accounts.idempotency import KEY_PATTERN
from accounts.models import Customer
from billing.runs import EVENTS_MAX, TTL_SECONDS_DEFAULT, TTL_SECONDS_MAX, CustomerNotFoundError, Outcome
from config.kit import clock
from config.kit.errors import InvalidInputError, NotFoundError
from config.kit.strict_json import NUMBER_PATTERN, Exact
from wallets import money

CHECKS_MAX: Final = 1_000
SEQUENCE_MAX: Final = 2**63 - 1
URL_LENGTH_MAX: Final = 2_000

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=200)]
ModelName = Annotated[str, Meta(max_length=120)]
EventId = Annotated[str, Meta(min_length=1, max_length=255)]
Usage = dict[str, Exact]


class CheckBody(msgspec.Struct, forbid_unknown_fields=True):
    """A run that is about to start; `idempotency_key` stands for the header, which covers a whole request."""

    agent: Name
    caller: Name
    usage: Usage | None = None
    prices: Usage | None = None
    model: ModelName | None = None
    max_charge: Any = None
    reserve: bool = False
    ttl_seconds: Annotated[int, Meta(ge=1, le=TTL_SECONDS_MAX)] = TTL_SECONDS_DEFAULT
    caller_key: Text | None = None
    parent: str | None = None
    end_user: Text | None = None
    own_key: bool | None = None
    idempotency_key: (
        Annotated[str, Meta(min_length=1, max_length=255, pattern=KEY_PATTERN.pattern)] | None
    ) = None


class ChecksBody(msgspec.Struct, forbid_unknown_fields=True):
    """Many runs that are about to start, each judged alone."""

    # Judged one by one, so that a malformed item refuses itself only.
    checks: Annotated[
        list[Any],
        Meta(
            min_length=1,
            max_length=CHECKS_MAX,
            extra_json_schema={"items": {"$ref": "#/components/schemas/CheckBody"}},
        ),
    ]


class EventBody(msgspec.Struct, forbid_unknown_fields=True):
    """A run that has ended: `execution` settles it, `agent` and `caller` charge it at once."""

    usage: Usage
    execution: Name | None = None
    agent: Name | None = None
    caller: Name | None = None
    model: ModelName | None = None
    prices: Usage | None = None
    event_id: EventId | None = None
    outcome: Outcome = Outcome.SUCCESS
    occurred_at: Annotated[dt.datetime, Meta(tz=True)] | None = None


class EventsBody(msgspec.Struct, forbid_unknown_fields=True):
    """Many runs that have ended, each judged alone."""

    # Judged one by one, so that a malformed event refuses itself only.
    events: Annotated[
        list[Any],
        Meta(
            min_length=1,
            max_length=EVENTS_MAX,
            extra_json_schema={"items": {"$ref": "#/components/schemas/EventBody"}},
        ),
    ]


class MeterBody(msgspec.Struct, forbid_unknown_fields=True):
    """A cumulative reading of a running execution."""

    sequence: Annotated[int, Meta(ge=0, le=SEQUENCE_MAX)]
    usage: Usage
    prices: Usage | None = None


class ReleaseBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why a run does not happen."""

    reason: Annotated[str, Meta(max_length=300)] = ""


def credits_of(value: Any, *, field: str) -> int | None:
    """Read an amount above 0: an object with `credits` or `usd`, or plain credits; raise InvalidInputError."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        amount = _parsed(value, field)
    elif set(value) <= {"credits", "usd"} and value:
        amount = _agreed(value, field)
    else:
        raise InvalidInputError.of(field, 'must be an amount such as {"credits": "10"}')
    if amount <= 0:
        raise InvalidInputError.of(field, "must be more than 0")
    return amount


def subject(reference: str, *, name: str = "", email: str = "") -> Customer:
    """Give the customer that a service means, opening one nobody has heard of; raise CustomerNotFoundError."""
    try:
        return customers.find_or_open(reference=reference, name=name, email=email, now=clock.now())
    except NotFoundError:
        raise CustomerNotFoundError(f"There is no customer {reference!r}.") from None


def return_urls(*, success_url: str | None, cancel_url: str | None) -> dict[str, str]:
    """Take addresses on this site, or on one that the settings list: Stripe sends the payer's browser there.

    Raises InvalidInputError for any other.
    """
    asked = {"success_url": success_url or "", "cancel_url": cancel_url or ""}
    origins = {settings.SITE_URL, *getattr(settings, "CHECKOUT_RETURN_ORIGINS", ())}
    for field, url in asked.items():
        if url and (len(url) > URL_LENGTH_MAX or _origin(url) not in origins):
            raise InvalidInputError.of(
                field, "must be on this site or on an origin that this deployment allows"
            )
    return asked


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    # A backslash or a control character means one thing to us and another to a browser.
    plain = url.isascii() and url.isprintable() and not set(url) & set(' \\"<>')
    return f"{parts.scheme}://{parts.netloc}" if plain else ""


def _agreed(value: Mapping[str, Any], field: str) -> int:
    read = {"credits": _parsed, "usd": _of_usd}
    amounts = {read[name](given, field) for name, given in value.items()}
    if len(amounts) > 1:
        raise InvalidInputError.of(field, "has credits and usd that disagree")
    return amounts.pop()


def _parsed(value: Any, field: str) -> int:
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, str, Decimal))
        or not NUMBER_PATTERN.fullmatch(text)
    ):
        raise InvalidInputError.of(field, "must be a decimal number such as 10.00")
    return money.parse(text, field=field)


def _of_usd(value: Any, field: str) -> int:
    usd = _parsed(value, field)
    credits, rest = divmod(usd * money.MICRO, money.credit_value())
    if rest:
        raise InvalidInputError.of(field, "must be a whole number of credit micros")
    return credits
