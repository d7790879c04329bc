"""GET /internal/customers/{id}/terms: what a router reads of a customer before it runs something for it."""

import datetime as dt
from decimal import Decimal

import msgspec

from accounts import queries as accounts
from accounts.plain_api import ApiRequest, api_view
from billing.queries import customer_terms
from config.kit import clock, query_params
from marketplace.models import Agreement


class Committed(msgspec.Struct):
    """What is committed to each month, and the percentage off its rate."""

    metric: str
    quantity: str
    discount_percent: str


class AgreedTerms(msgspec.Struct):
    """An agreement over a plan; `terms` says what was agreed on as sla, support, priority and guardrails."""

    plan: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    committed: Committed | None
    terms: dict[str, str]


class CustomerTermsAnswer(msgspec.Struct):
    """A customer's plan, the capabilities that come with it, and the agreements in force."""

    customer: str
    plan: str | None
    capabilities: list[str]
    agreements: list[AgreedTerms]


@api_view(
    kind="router",
    scope="route:read",
    methods=["GET"],
    answers={200: CustomerTermsAnswer},
    summary="Read a customer's plan, capabilities and agreements",
)
def terms(request: ApiRequest, *, reference: str) -> CustomerTermsAnswer:
    """Tell what a customer, by its id or external id, is entitled to besides its credits."""
    query_params.refuse_unknown(request.GET, known=())
    found = customer_terms.terms_of(customer=accounts.customer(reference=reference), at=clock.now())
    return CustomerTermsAnswer(
        customer=found.customer,
        plan=found.plan or None,
        capabilities=list(found.capabilities),
        agreements=[_agreed(each) for each in found.agreements],
    )


def _agreed(agreement: Agreement) -> AgreedTerms:
    committed = None
    if agreement.committed:
        off = Decimal(agreement.discount_bp) / 100
        committed = Committed(agreement.metric, _plain(agreement.committed), _plain(off))
    return AgreedTerms(
        plan=agreement.plan.slug or "",
        starts_at=agreement.starts_at,
        ends_at=agreement.ends_at,
        committed=committed,
        terms=agreement.terms,
    )


def _plain(number: Decimal) -> str:
    told = f"{number:f}"
    return told.rstrip("0").rstrip(".") if "." in told else told
