"""The bodies of the run path, checked; and the amounts in them."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from accounts.idempotency import KEY_PATTERN
from billing.runs import EVENTS_MAX, TTL_SECONDS_DEFAULT, TTL_SECONDS_MAX, Outcome
from config.kit.errors import InvalidInputError
from config.kit.strict_json import NUMBER_PATTERN, Exact
from wallets import money

CHECKS_MAX: Final = 1_000
SEQUENCE_MAX: Final = 2**63 - 1

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
        raise _invalid(field, 'must be an amount such as {"credits": "10"}')
    if amount <= 0:
        raise _invalid(field, "must be more than 0")
    return amount


def _agreed(value: Mapping[str, Any], field: str) -> int:
    read = {"credits": _parsed, "usd": _of_usd}
    amounts = {read[name](given, field) for name, given in value.items()}
    if len(amounts) > 1:
        raise _invalid(field, "has credits and usd that disagree")
    return amounts.pop()


def _parsed(value: Any, field: str) -> int:
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, str, Decimal))
        or not NUMBER_PATTERN.fullmatch(text)
    ):
        raise _invalid(field, "must be a decimal number such as 10.00")
    return money.parse(text, field=field)


def _of_usd(value: Any, field: str) -> int:
    usd = _parsed(value, field)
    credits, rest = divmod(usd * money.MICRO, money.credit_value())
    if rest:
        raise _invalid(field, "must be a whole number of credit micros")
    return credits


def _invalid(field: str, problem: str) -> InvalidInputError:
    return InvalidInputError(f"{field} {problem}", errors=[{"pointer": f"/{field}", "detail": problem}])
