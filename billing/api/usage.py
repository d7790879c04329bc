"""POST /internal/usage/check, POST /internal/usage/log: the router's calls."""

from dataclasses import replace
from typing import Annotated, Any, Final

import msgspec
from django.http import HttpResponse

from accounts.api_auth import prove
from accounts.idempotency import key_of
from accounts.plain_api import ApiRequest, api_view
from billing import answers
from billing.answers import CheckAnswer, SettledAnswer
from billing.api.inputs import CheckBody, ChecksBody, EventBody, EventsBody, credits_of
from billing.operations import executions, openings, settlement
from billing.runs import NOTHING, Allowed, Blocked, Opening, Report, Settled
from config.kit import clock, http, strict_json
from config.kit.errors import DomainError, InvalidInputError

KEY_OF_MANY_MAX: Final = 250
REPLAYED = {"Idempotent-Replayed": "true"}
# What became of one of many, for the schema: its answer, or a problem whose status is a word.
REFUSED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["status", "http_status", "code", "detail"],
    "properties": {
        "status": {"const": "refused"},
        "http_status": {"type": "integer"},
        **{name: {"type": "string"} for name in ("type", "title", "code", "detail")},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemItem"}},
    },
}
CHECKED: Final = [{"$ref": "#/components/schemas/CheckAnswer"}, REFUSED]
RESULTS: Final = [{"$ref": "#/components/schemas/SettledAnswer"}, REFUSED]


class CheckAnswers(msgspec.Struct):
    """Whether many runs may start, in the order sent; the numbers count them, replays among the allowed."""

    allowed: int
    blocked: int
    refused: int
    replayed: int
    results: Annotated[list[Any], msgspec.Meta(extra_json_schema={"items": {"anyOf": CHECKED}})]


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
    reads=(CheckBody, ChecksBody),
    answers={200: (CheckAnswer, CheckAnswers)},
    summary="Ask whether a run may start, and reserve it; or up to 1,000",
    proves=True,
)
def check(request: ApiRequest) -> HttpResponse:
    """Tell whether a run may start; with `reserve` hold what it may cost."""
    data = strict_json.loads(http.read_body(request))
    if isinstance(data, dict) and "checks" in data:
        return _check_many(request, strict_json.convert(data, ChecksBody))
    body = strict_json.convert(data, CheckBody)
    opening = _opening(request, body, key=_key_of_one(request, body))
    found = _found(request, opening, reserve=body.reserve)
    headers = REPLAYED if isinstance(found, Allowed) and found.replayed else None
    return http.answer(_checked(found), headers=headers)


def _found(request: ApiRequest, opening: Opening, *, reserve: bool) -> Allowed | Blocked:
    """Answer in one call where what is remembered holds; else prove the key and read the terms."""
    now = clock.now()
    if request.unproven is not None:
        known = executions.reserve_known if reserve else executions.check_known
        found = known(opening=opening, digest=request.unproven, now=now)
        if found is not None:
            return found
        prove(request)
    step = executions.reserve if reserve else executions.check
    return step(opening=opening, now=now)


def _check_many(request: ApiRequest, body: ChecksBody) -> HttpResponse:
    if request.unproven is not None:
        prove(request)
    key = _key_of_many(request)
    read = [_read_check(request, item, key and f"{key}:{place}") for place, item in enumerate(body.checks)]
    found = openings.open_many(asked=read, now=clock.now())
    allowed = [each for each in found if isinstance(each, Allowed)]
    blocked = sum(isinstance(each, Blocked) for each in found)
    return http.answer(
        CheckAnswers(
            allowed=len(allowed),
            blocked=blocked,
            refused=len(found) - len(allowed) - blocked,
            replayed=sum(each.replayed for each in allowed),
            results=[_refused(each) if isinstance(each, DomainError) else _checked(each) for each in found],
        )
    )


def _read_check(request: ApiRequest, item: Any, key: str | None) -> tuple[Opening, bool] | DomainError:
    try:
        body = strict_json.convert(item, CheckBody)
        return _opening(request, body, key=body.idempotency_key or key), body.reserve
    except DomainError as refusal:
        return refusal


def _checked(found: Allowed | Blocked) -> CheckAnswer:
    return answers.blocked(found) if isinstance(found, Blocked) else answers.allowed(found)


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
        raise answers.with_top_up(refusal) from None
    return http.answer(answers.settled(found), status=201, headers=REPLAYED if found.replayed else None)


def _log_many(request: ApiRequest, body: EventsBody) -> HttpResponse:
    key = _key_of_many(request)
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
    return _refused(found)


def _key_of_one(request: ApiRequest, body: CheckBody) -> str | None:
    keys = {key for key in (key_of(request), body.idempotency_key) if key is not None}
    if len(keys) > 1:
        raise InvalidInputError("Idempotency-Key and idempotency_key name two keys.")
    return keys.pop() if keys else None


def _key_of_many(request: ApiRequest) -> str | None:
    """Read the key that each item's own is made of, with its place."""
    key = key_of(request)
    if key is not None and len(key) > KEY_OF_MANY_MAX:
        raise InvalidInputError(f"The Idempotency-Key of many holds at most {KEY_OF_MANY_MAX} characters.")
    return key


def _refused(found: DomainError) -> dict[str, Any]:
    problem = http.problem_body(answers.with_top_up(found))
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
        prices=body.prices or NOTHING,
        outcome=body.outcome,
        event_id=body.event_id,
        key=key,
        occurred_at=body.occurred_at,
    )


def _opening(request: ApiRequest, body: CheckBody, *, key: str | None) -> Opening:
    if body.parent is not None:
        raise InvalidInputError(
            "parent: runs inside runs cannot share a hold yet.",
            errors=[{"pointer": "/parent", "detail": "is not supported yet"}],
        )
    opening = Opening(
        agent=body.agent,
        caller=body.caller,
        principal=request.principal.id,
        usage=body.usage,
        model=body.model or "",
        prices=body.prices or NOTHING,
        max_charge=credits_of(body.max_charge, field="max_charge"),
        ttl_seconds=body.ttl_seconds,
        caller_key=body.caller_key or "",
        end_user=body.end_user or "",
        own_key=bool(body.own_key),
        key=key,
    )
    return replace(opening, fingerprint=opening.digest()) if key else opening
