"""POST /v1/events: what was used, as CloudEvents, one or many."""

from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse

from accounts import idempotency
from accounts.plain_api import ApiRequest, api_view
from billing import cloud_events
from billing.cloud_events import BATCH, HEADER, ONE, PLAIN, CloudEvent
from billing.operations import metering
from billing.operations.metering import Outcome, Taken
from config.kit import clock, http
from config.kit.errors import DomainError, InvalidInputError

BINARY: Final = f"{HEADER}Specversion"
Batch = list[CloudEvent]


class RejectedEvent(msgspec.Struct):
    """An event that was not taken: its place in what was sent, and why."""

    index: int
    code: str
    detail: str


class EventsAnswer(msgspec.Struct):
    """What became of events: each is accepted, a duplicate or rejected."""

    accepted: int
    duplicates: int
    rejected: list[RejectedEvent]


@api_view(
    kind="service",
    scope="events:write",
    methods=["POST"],
    reads={PLAIN: (CloudEvent, Batch), ONE: (CloudEvent,), BATCH: (Batch,)},
    answers={202: EventsAnswer},
    summary="Report what was used, as CloudEvents: one, or up to 1,000",
)
def report_events(request: ApiRequest) -> HttpResponse:
    """Take events in, each once for ever by its source and id; a bad one is rejected alone."""
    if BINARY in request.headers:
        return http.answer(_told(_take([_read_binary(request)])), status=202)
    body = http.read_body(request, content_types=(PLAIN, ONE, BATCH))

    def act() -> tuple[int, Any]:
        raws = cloud_events.split(body=body, content_type=request.content_type or "")
        return 202, _told(_take([_read(raw) for raw in raws]))

    return idempotency.remember(
        request=request, principal=request.principal, operation="events", act=act
    ).response()


def _read(raw: msgspec.Raw) -> CloudEvent | DomainError:
    try:
        return cloud_events.read(raw=raw)
    except DomainError as refusal:
        return refusal


def _read_binary(request: HttpRequest) -> CloudEvent | DomainError:
    if idempotency.key_of(request) is not None:
        raise InvalidInputError("An event in headers is known by its id: send no Idempotency-Key with it.")
    body = http.read_body(request)
    try:
        return cloud_events.read_binary(headers=request.headers, content_type=PLAIN, body=body)
    except cloud_events.InvalidEventError as refusal:
        return refusal


def _take(read: list[CloudEvent | DomainError]) -> list[Outcome]:
    events = [each for each in read if isinstance(each, CloudEvent)]
    taken = iter(metering.ingest(events=events, now=clock.now()))
    return [each if isinstance(each, DomainError) else next(taken) for each in read]


def _told(found: list[Outcome]) -> EventsAnswer:
    return EventsAnswer(
        accepted=found.count(Taken.ACCEPTED),
        duplicates=found.count(Taken.DUPLICATE),
        rejected=[
            RejectedEvent(index, each.code, each.detail)
            for index, each in enumerate(found)
            if isinstance(each, DomainError)
        ],
    )
