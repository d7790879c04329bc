"""POST /v1/check, /v1/track: what a customer may use of a feature, and what it has used."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from accounts import idempotency
from accounts.idempotency import key_of
from accounts.models import Customer
from accounts.plain_api import ApiRequest, api_view
from billing import answers
from billing.api.inputs import EventId, Name, subject
from billing.operations import features
from billing.operations.features import Checked, Use
from billing.queries.entitlements import Standing
from config.kit import clock, http
from config.kit.errors import DomainError
from config.kit.strict_json import Exact
from marketplace.models import Feature
from marketplace.queries.features import feature as feature_named
from wallets import money
from wallets.money import CREDITS, MICRO

ONE = Exact(1)


class FeatureBody(msgspec.Struct, forbid_unknown_fields=True):
    """So much of a feature, 1 unless said, for a customer by its id or the caller's own name for it."""

    customer: Name
    feature: Annotated[str, Meta(min_length=1, max_length=60)]
    quantity: Exact | None = None


class TrackBody(FeatureBody, forbid_unknown_fields=True):
    """So much of a feature was used: `event_id` is the caller's own, unique to it for ever."""

    event_id: EventId | None = None
    occurred_at: Annotated[dt.datetime, Meta(tz=True)] | None = None


class Left(msgspec.Struct, omit_defaults=True):
    """An amount of credits, or a quantity of what is counted."""

    credits: str | msgspec.UnsetType = msgspec.UNSET
    usd: str | msgspec.UnsetType = msgspec.UNSET
    quantity: str | msgspec.UnsetType = msgspec.UNSET
    unit: str | msgspec.UnsetType = msgspec.UNSET


class FeatureAnswer(msgspec.Struct, omit_defaults=True):
    """Whether so much of a feature may be used, what is left, and what each period brings.

    What burns credits has an amount left, what is counted a quantity, and what is there or not neither.
    """

    allowed: bool
    customer: str
    feature: str
    balance: Left | None
    allowance: Left | None
    overage_allowed: bool
    blocking_gate: str | msgspec.UnsetType = msgspec.UNSET


@api_view(
    kind="service",
    scope="features:use",
    methods=["POST"],
    body=FeatureBody,
    answers={200: FeatureAnswer},
    summary="Ask whether a customer may use a feature",
)
def check_feature(request: ApiRequest, *, body: FeatureBody) -> FeatureAnswer:
    """Tell whether a customer may use so much of a feature now, and what is left of it."""
    return _checked(
        request,
        subject(body.customer),
        feature_named(slug=body.feature),
        _quantity(body),
    )


@api_view(
    kind="service",
    scope="features:use",
    methods=["POST"],
    body=TrackBody,
    answers={200: FeatureAnswer},
    summary="Use a feature up",
)
def track_feature(request: ApiRequest, *, body: TrackBody) -> HttpResponse:
    """Charge what a customer used of a feature, once; then tell what is left, and whether one more may be used."""
    use = Use(
        customer=subject(body.customer),
        feature=feature_named(slug=body.feature),
        quantity=_quantity(body),
        principal=request.principal.id,
        event_id=body.event_id,
        key=key_of(request),
        occurred_at=body.occurred_at,
    )
    try:
        replayed = features.track(use=use, now=clock.now())
    except DomainError as refusal:
        raise answers.with_top_up(refusal) from None

    def act() -> tuple[int, Any]:
        return 200, _checked(request, use.customer, use.feature, ONE)

    # The use is taken; what is left after it is told once, and to this key again.
    told = idempotency.remember(request=request, principal=request.principal, operation="track", act=act)
    headers = {"Idempotent-Replayed": "true"} if replayed or told.replayed else {}
    return http.raw_answer(told.body, status=told.status, headers=headers)


def _quantity(body: FeatureBody) -> Decimal:
    return ONE if body.quantity is None else body.quantity


def _checked(request: ApiRequest, customer: Customer, feature: Feature, quantity: Decimal) -> FeatureAnswer:
    found = features.check(
        customer=customer,
        feature=feature,
        quantity=quantity,
        principal=request.principal.id,
        now=clock.now(),
    )
    return _told(customer, feature, found)


def _told(customer: Customer, feature: Feature, found: Checked) -> FeatureAnswer:
    standing = found.standing
    answer = FeatureAnswer(
        allowed=found.gate is None,
        customer=customer.public_id,
        feature=feature.slug,
        balance=_left(standing.balance, standing),
        allowance=_left(standing.allowance, standing),
        overage_allowed=standing.overage_allowed,
    )
    if found.gate is not None:
        answer.blocking_gate = found.gate.value
    return answer


def _left(micros: int | None, standing: Standing) -> Left | None:
    if micros is None or not standing.unit:
        return None
    if standing.unit == CREDITS:
        return Left(**money.amount(micros))
    return Left(quantity=answers.plain(Decimal(micros) / MICRO), unit=standing.unit)
