"""POST /internal/usage/check, POST /internal/usage/log: the router's calls."""

from typing import Annotated, Any, Final

import msgspec
from django.http import HttpResponse

from accounts.idempotency import fingerprint, key_of
from accounts.plain_api import ApiRequest, api_view
from billing import answers
from billing.answers import CheckAnswer, SettledAnswer
from billing.api.inputs import CheckBody, EventBody, EventsBody, credits_of
from billing.operations import executions, settlement
from billing.runs import Blocked, Opening, Report, Settled
from config.kit import clock, http, strict_json
from config.kit.errors import DomainError, InvalidInputError

REPLAYED = {"Idempotent-Replayed": "true"}
# What became of one event of many, for the schema: its answer, or a problem whose status is a word.
RESULTS: Final[list[dict[str, Any]]] = [
    {"$ref": "#/components/schemas/SettledAnswer"},
    {
        "type": "object",
        "required": ["status", "http_status", "code", "detail"],
        "properties": {
            "status": {"const": "refused"},
            "http_status": {"type": "integer"},
            **{name: {"type": "string"} for name in ("type", "title", "code", "detail")},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemItem"}},
        },
    },
]


class LogAnswers(msgspec.Struct):
    """What became of many events, in the order sent; the three numbers count them."""

    charged: int
    replayed: int
    refused: int
    results: Annotated[list[Any], msgspec.Meta(extra_json_schema={"items": {"anyOf": RESULTS}})]


@api_view(
    kind="router",
    scope="usage:write",
    methods=["POST"],
    body=CheckBody,
    answers={200: CheckAnswer},
    summary="Ask whether a run may start, and reserve it",
)
def check(request: ApiRequest, *, body: CheckBody) -> HttpResponse:
    """Tell whether a run may start; with `reserve` hold what it may cost."""
    opening = _opening(request, body)
    step = executions.reserve if body.reserve else executions.check
    found = step(opening=opening, now=clock.now())
    if isinstance(found, Blocked):
        return http.answer(answers.blocked(found))
    return http.answer(answers.allowed(found), headers=REPLAYED if found.replayed else None)


@api_view(
    kind="router",
    scope="usage:write",
    methods=["POST"],
    reads=(EventBody, EventsBody),
    answers={201: SettledAnswer, 200: LogAnswers},
    summary="Log one run that has ended, or up to 1,000",
)
def log(request: ApiRequest) -> HttpResponse:
    """Settle what ran: by its execution, or charging at once."""
    data = strict_json.loads(http.read_body(request))
    if isinstance(data, dict) and "events" in data:
        return _log_many(request, strict_json.convert(data, EventsBody))
    report = _report(request, strict_json.convert(data, EventBody), key=key_of(request))
    try:
        found = settlement.settle(report=report, now=clock.now())
    except DomainError as refusal:
        raise _explained(refusal) from None
    return http.answer(answers.settled(found), status=201, headers=REPLAYED if found.replayed else None)


def _log_many(request: ApiRequest, body: EventsBody) -> HttpResponse:
    key = key_of(request)
    read = [_read(request, event, key and f"{key}:{place}") for place, event in enumerate(body.events)]
    reports = [report for report in read if isinstance(report, Report)]
    settled = iter(settlement.settle_many(reports=reports, now=clock.now()))
    found = [next(settled) if isinstance(each, Report) else each for each in read]
    done = [each for each in found if isinstance(each, Settled)]
    replayed = sum(each.replayed for each in done)
    return http.answer(
        LogAnswers(
            charged=len(done) - replayed,
            replayed=replayed,
            refused=len(found) - len(done),
            results=[_result(each) for each in found],
        )
    )


def _read(request: ApiRequest, event: Any, key: str | None) -> Report | DomainError:
    try:
        return _report(request, strict_json.convert(event, EventBody), key=key)
    except DomainError as refusal:
        return refusal


def _result(found: Settled | DomainError) -> SettledAnswer | dict[str, Any]:
    if isinstance(found, Settled):
        return answers.settled(found)
    problem = http.problem_body(_explained(found))
    return {**problem, "status": "refused", "http_status": found.status}


def _report(request: ApiRequest, body: EventBody, *, key: str | None) -> Report:
    direct = body.agent is not None and body.caller is not None
    if body.execution is None and not direct:
        raise InvalidInputError("Name the execution, or agent and caller.")
    if body.execution is not None and (body.agent is not None or body.caller is not None):
        raise InvalidInputError("Name the execution, or agent and caller, not both.")
    if body.execution is None and body.event_id is None and key is None:
        raise InvalidInputError(
            "Without an execution, send event_id or Idempotency-Key.",
            errors=[{"pointer": "/event_id", "detail": "is needed without an execution"}],
        )
    return Report(
        principal=request.principal.id,
        usage=body.usage,
        execution=body.execution,
        agent=body.agent or "",
        caller=body.caller or "",
        model=body.model or "",
        outcome=body.outcome,
        event_id=body.event_id,
        key=key,
        occurred_at=body.occurred_at,
    )


def _explained(refusal: DomainError) -> DomainError:
    if "blocking_gate" in refusal.extra:
        refusal.extra.setdefault("top_up_url", answers.top_up_url())
    return refusal


def _opening(request: ApiRequest, body: CheckBody) -> Opening:
    if body.parent is not None:
        raise InvalidInputError(
            "parent: runs inside runs cannot share a hold yet.",
            errors=[{"pointer": "/parent", "detail": "is not supported yet"}],
        )
    return Opening(
        agent=body.agent,
        caller=body.caller,
        principal=request.principal.id,
        usage=body.usage,
        model=body.model or "",
        max_charge=credits_of(body.max_charge, field="max_charge"),
        ttl_seconds=body.ttl_seconds,
        caller_key=body.caller_key or "",
        end_user=body.end_user or "",
        own_key=bool(body.own_key),
        key=key_of(request),
        fingerprint=fingerprint(request),
    )
