"""Take meter events in: set-based, each once for ever, each judged alone."""

import datetime as dt
import enum
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from django.db import connection

from accounts import customers
from billing.cloud_events import REVERSED, CloudEvent
from billing.operations.settlement import OccurredAtError
from billing.runs import LATE_MAX, CustomerNotFoundError
from config.kit.errors import ConflictError, DomainError, InvalidInputError, NotFoundError

INGEST: Final = "SELECT billing_ingest(%s::jsonb, %s)"
REVERSE: Final = "SELECT billing_reverse(%s, %s, %s, %s, %s, %s, %s)"

_encoder: Final = msgspec.json.Encoder(decimal_format="number")


class Taken(enum.StrEnum):
    """What became of an event that was taken."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


class EventIdReusedError(ConflictError):
    """Another event has come in under this source and id."""

    code = "event_id_reused"
    title = "Event id reused"


class PropertyError(InvalidInputError):
    """A meter of this type of event cannot count it: a property is not there, or is no number that is 0 or more."""

    code = "invalid_property"
    title = "Invalid property"


class NothingToReverseError(NotFoundError):
    """The source sent no such event of this type for this customer."""

    code = "nothing_to_reverse"
    title = "Nothing to reverse"


class AlreadyReversedError(ConflictError):
    """Another event has reversed it."""

    code = "already_reversed"
    title = "Already reversed"


Outcome = Taken | DomainError
_Judged = dict[tuple[str, str], Outcome | None]


def ingest(*, events: Sequence[CloudEvent], now: dt.datetime) -> list[Outcome]:
    """Take events in; each is accepted, a duplicate of what came before, or its refusal.

    A customer that nobody has heard of is opened, under the external id by which the event names it.
    """
    first: dict[tuple[str, str], CloudEvent] = {}
    for event in events:
        first.setdefault((event.source, event.id), event)
    judged: _Judged = {key: _out_of_time(event, now) for key, event in first.items()}
    _take_all([event for key, event in first.items() if judged[key] is None], judged, now)
    return [_outcome(event, first, judged) for event in events]


def _take_all(events: Sequence[CloudEvent], judged: _Judged, now: dt.datetime) -> None:
    usual = [event for event in events if event.reverses is None]
    unheard = _take(usual, judged, now)
    if unheard:
        _open(unheard, now)
        _take(unheard, judged, now)
    # Afterwards: an event and what takes it back may come together.
    for event in events:
        if event.reverses is not None:
            judged[event.source, event.id] = _reverse(event, now)


def _take(events: Sequence[CloudEvent], judged: _Judged, now: dt.datetime) -> list[CloudEvent]:
    """Take events in by one call; give those of customers that there are not."""
    if not events:
        return []
    sent = _encoder.encode([(e.source, e.id, e.type, e.subject, e.time, e.data or {}) for e in events])
    with connection.cursor() as cursor:
        cursor.execute(INGEST, [sent.decode(), now])
        (answers,) = cursor.fetchone()
    for event, answer in zip(events, answers, strict=True):
        judged[event.source, event.id] = _judge(event, answer)
    return [event for event, answer in zip(events, answers, strict=True) if answer == "no_customer"]


def _open(events: Sequence[CloudEvent], now: dt.datetime) -> None:
    for subject in dict.fromkeys(event.subject for event in events):
        try:
            customers.find_or_open(reference=subject, now=now)
        except (NotFoundError, InvalidInputError):
            continue  # nobody's, and no name for somebody new: its events are refused


def _reverse(event: CloudEvent, now: dt.datetime) -> Outcome:
    asked: list[Any] = [
        event.source,
        event.id,
        event.type.removesuffix(REVERSED),
        event.subject,
        event.reverses,
        *(now - LATE_MAX, now),
    ]
    with connection.cursor() as cursor:
        cursor.execute(REVERSE, asked)
        (answer,) = cursor.fetchone()
    return _judge(event, answer)


def _out_of_time(event: CloudEvent, now: dt.datetime) -> DomainError | None:
    if event.time is None or now - LATE_MAX <= event.time <= now:
        return None
    return OccurredAtError(f"time is in the future, or more than {LATE_MAX.days} days back.")


def _judge(event: CloudEvent, answer: str) -> Outcome:
    if answer in set(Taken):
        return Taken(answer)
    refusals: dict[str, DomainError] = {
        "no_customer": CustomerNotFoundError(f"There is no customer {event.subject!r}."),
        "nothing_to_reverse": NothingToReverseError(
            f"{event.source!r} sent no such event {event.reverses!r} for this customer."
        ),
        "already_reversed": AlreadyReversedError(f"The event {event.reverses!r} was reversed before."),
        "too_late": OccurredAtError(f"{event.reverses!r} happened more than {LATE_MAX.days} days ago."),
        "reused": _reused(event),
    }
    lacking = answer.partition(":")[2]
    return refusals.get(answer) or PropertyError(
        f"data.{lacking} is not what a meter of {event.type!r} counts."
    )


def _outcome(event: CloudEvent, first: dict[tuple[str, str], CloudEvent], judged: _Judged) -> Outcome:
    key = (event.source, event.id)
    outcome = judged[key]
    assert outcome is not None
    if event is first[key]:
        return outcome
    if event != first[key]:
        return _reused(event)
    return Taken.DUPLICATE if isinstance(outcome, Taken) else outcome


def _reused(event: CloudEvent) -> DomainError:
    return EventIdReusedError(f"Another event of {event.source!r} came under the id {event.id!r}.")
