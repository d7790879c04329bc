"""Whether an answer is one that the committed schema promises."""

from typing import Final

from schemathesis import CheckContext, Response
from schemathesis.checks import CheckFunction, load_all_checks, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from config.kit.http import PROBLEM_TYPE
from tests.fuzz.cases import Case

REFUSALS: Final = frozenset({400, 402, 403, 404, 405, 409, 411, 413, 415, 422})
STRANGER: Final = frozenset({401, 403, 405})


def problem(*, case: Case, response: Response, stranger: bool) -> str:
    """Say what is wrong with an answer; nothing when it is as promised."""
    try:
        case.validate_response(response, checks=CHECKS)
        _expect_statuses(response, STRANGER if stranger else REFUSALS, successful=not stranger)
    except (FailureGroup, AssertionError) as error:
        return f"{case.method} {case.formatted_path} {case.body!r:.500}\n{error}"
    return ""


def named_and_explained(_: CheckContext, response: Response, case: Case) -> None:
    """Find a success that the schema does not name, and a refusal that does not explain itself."""
    status = response.status_code
    if status < 400:
        named = case.operation.responses.status_codes
        assert str(status) in named, f"{status} is not among {named}"
        return
    said = response.json()
    assert response.headers["content-type"] == ["application/problem+json"]
    assert (said["status"], said["type"]) == (status, PROBLEM_TYPE + said["code"]), said
    assert said["title"], said


def refused(context: CheckContext, response: Response, case: Case) -> bool | None:
    """Find wrong data that was taken; a batch refuses what is in it one by one."""
    if response.status_code in {200, 202} and any(
        response.json().get(word) for word in ("refused", "rejected")
    ):
        return None
    return checks.negative_data_rejection(context, response, case)


def _expect_statuses(response: Response, refusals: frozenset[int], *, successful: bool) -> None:
    status = response.status_code
    assert status in refusals or (successful and status < 400), f"{status} is not expected here"


load_all_checks()
CHECKS: Final[list[CheckFunction]] = [
    not_a_server_error,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    named_and_explained,
    refused,
]
