"""The words of a run: what is asked, what is reported, what comes of it. Frozen facts, no database."""

import datetime as dt
import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from config.kit.errors import ConflictError, NotFoundError
from marketplace.terms import Terms

TTL_SECONDS_DEFAULT: Final = 900
TTL_SECONDS_MAX: Final = 86_400
EVENTS_MAX: Final = 1_000
LATE_MAX: Final = dt.timedelta(days=35)
NOTHING: Final[Mapping[str, Decimal]] = MappingProxyType({})


class Gate(enum.StrEnum):
    """What may stand between a caller and a run."""

    WALLET = "wallet"
    QUOTA = "quota"
    CONCURRENCY = "concurrency"
    SUBSCRIPTION = "subscription_required"
    ENTITLEMENT = "entitlement"


class Outcome(enum.StrEnum):
    """How a run ended."""

    SUCCESS = "success"
    FAILED = "failed"


class CustomerNotFoundError(NotFoundError):
    """No such customer."""

    code = "customer_not_found"
    title = "No such customer"


class ExecutionNotFoundError(NotFoundError):
    """No such execution."""

    code = "execution_not_found"
    title = "No such execution"


class ExecutionClosedError(ConflictError):
    """The execution was settled, released or expired, and not by this request."""

    code = "execution_closed"
    title = "The execution is closed"


@dataclass(frozen=True, slots=True)
class Opening:
    """A request to check or reserve a run."""

    agent: str
    caller: str
    principal: str
    source: str = "router"
    usage: Mapping[str, Decimal] | None = None
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    model: str = ""
    max_charge: int | None = None
    ttl_seconds: int = TTL_SECONDS_DEFAULT
    caller_key: str = ""
    end_user: str = ""
    own_key: bool = False
    key: str | None = None
    fingerprint: bytes | None = None

    def digest(self) -> bytes:
        """Digest what is asked: the same again under its key is a replay, anything else is refused."""
        facts = [self.agent, self.caller, self.model, self.max_charge, self.ttl_seconds]
        facts += [self.caller_key, self.end_user, self.own_key]
        return _digest([*facts, None if self.usage is None else _plain(self.usage), *_stated(self.prices)])


@dataclass(frozen=True, slots=True)
class Quote:
    """A run's price before it runs: the terms it is held to, the estimate, and what a hold must cover.

    `quota` is what it takes of the terms' quota beside the credits, in micros of that unit.
    """

    terms: Terms
    estimate: int
    hold: int
    quota: int = 0


@dataclass(frozen=True, slots=True)
class QuotaShort:
    """A quota that does not cover a run: micros of its unit."""

    unit: str
    required: int
    available: int


@dataclass(frozen=True, slots=True)
class Blocked:
    """A run that may not start, and the gate that says so; `quota` where that is the gate."""

    gate: Gate
    required: int
    available: int
    quota: QuotaShort | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """A run that may start; with `execution` when it is reserved."""

    estimate: int
    available: int
    version: str
    execution: str | None = None
    hold: str | None = None
    expires_at: dt.datetime | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to. It settles `execution`, or charges `caller` for `agent` at once."""

    principal: str
    usage: Mapping[str, Decimal]
    execution: str | None = None
    agent: str = ""
    caller: str = ""
    model: str = ""
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    outcome: Outcome = Outcome.SUCCESS
    event_id: str | None = None
    key: str | None = None
    occurred_at: dt.datetime | None = None

    def keys(self) -> list[tuple[str, str]]:
        """Name what makes it happen once: the source's own id of the event, and the request's key."""
        named = [(self.principal, self.event_id), (f"once:{self.principal}", self.key)]
        return [(source, value) for source, value in named if value is not None]

    def fingerprint(self) -> bytes:
        """Digest what it says: the same again is a replay, anything else under its keys is refused."""
        occurred_at = self.occurred_at and self.occurred_at.isoformat()
        facts = [
            self.execution,
            self.agent,
            self.caller,
            self.model,
            self.outcome,
            self.event_id,
            occurred_at,
        ]
        return _digest([*facts, _plain(self.usage), *_stated(self.prices)])


@dataclass(frozen=True, slots=True)
class Settled:
    """A settled run, as it was answered the first time and will be again."""

    execution: str
    state: str
    cost: int
    charged: int
    released: int
    unbilled: int
    available: int
    platform: int
    processing: int
    lines: list[list[Any]]
    version: str
    replayed: bool

    @property
    def creator(self) -> int:
        """What the creators of it earn."""
        return self.charged - self.platform


@dataclass(frozen=True, slots=True)
class Metered:
    """What a running execution came to so far, and what is left of its hold."""

    metered: int
    remaining: int
    stop: bool


def _plain(usage: Mapping[str, Decimal]) -> dict[str, str]:
    return {metric: f"{value.normalize():f}" for metric, value in sorted(usage.items())}


def _stated(prices: Mapping[str, Decimal]) -> list[dict[str, str]]:
    # Nothing for most runs: what was digested before there were stated prices is digested alike.
    return [_plain(prices)] if prices else []


def _digest(facts: list[Any]) -> bytes:
    return hashlib.sha256(json.dumps(facts).encode()).digest()
