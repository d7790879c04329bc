"""POST /internal/executions/{id}/meter and /release; GET /v1/executions/{id}: one run's steps and its receipt."""

from typing import Any

from accounts.plain_api import ApiRequest, api_view
from billing import answers
from billing.answers import MeteredAnswer
from billing.api import receipts
from billing.api.inputs import MeterBody, ReleaseBody
from billing.api.receipts import ExecutionAnswer, Receipt
from billing.operations import executions as operations
from billing.queries import executions
from billing.runs import NOTHING
from config.kit import clock, query_params


@api_view(
    kind="router",
    scope="usage:write",
    methods=["POST"],
    body=MeterBody,
    answers={200: MeteredAnswer},
    summary="Read the meter of a running execution",
)
def meter(_request: ApiRequest, *, public_id: str, body: MeterBody) -> MeteredAnswer:
    """Take a cumulative reading and tell what is left of the hold."""
    found = operations.meter(
        execution=public_id,
        sequence=body.sequence,
        usage=body.usage,
        stated=body.prices or NOTHING,
        now=clock.now(),
    )
    return answers.metered(found)


@api_view(
    kind="router",
    scope="usage:write",
    methods=["POST"],
    body=ReleaseBody,
    answers={200: ExecutionAnswer},
    summary="Release an execution that does not run",
)
def release(_request: ApiRequest, *, public_id: str, body: ReleaseBody) -> Any:
    """Give the hold back without a charge."""
    operations.release(execution=public_id, reason=body.reason, now=clock.now())
    return receipts.execution_answer(executions.by_public_id(public_id=public_id))


@api_view(
    kind="customer",
    scope="usage:read",
    methods=["GET"],
    answers={200: Receipt},
    summary="Read the receipt of a run",
)
def receipt(request: ApiRequest, *, public_id: str) -> Receipt:
    """Give the receipt of a run of the key's own customer."""
    query_params.refuse_unknown(request.GET, known=())
    assert request.principal.customer_id is not None  # a customer's key, says the view
    found = executions.of_customer(customer=request.principal.customer_id, public_id=public_id)
    return receipts.receipt(found)
