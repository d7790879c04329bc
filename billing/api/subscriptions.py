"""POST /v1/subscribe, GET /v1/subscriptions and /v1/subscriptions/{id}, and what is done to one."""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final, Literal

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from accounts.idempotency import key_of
from accounts.models import Customer
from accounts.plain_api import ApiRequest, api_view
from billing import subscription_answers as answers
from billing.models.subscriptions import Subscription
from billing.operations import subscriptions
from billing.operations.subscriptions import attaching, cancelling, changing, consent
from billing.operations.subscriptions.attaching import QUANTITY_MAX, Choice
from billing.queries import plan_choices, purchases
from billing.queries import subscriptions as queries
from billing.subscription_answers import ChangeAnswer, SubscriptionAnswer
from config.kit import clock, http, paging, query_params
from config.kit.errors import InvalidInputError

Slug = Annotated[str, Meta(max_length=60)]
Seats = Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
READ: Final = "wallet:read"
WRITE: Final = "wallet:write"
# What is done to a subscription is asked for by its customer, and answers how it stands afterwards.
acting: Final = partial(
    api_view, kind="customer", scope=WRITE, methods=["POST"], answers={200: SubscriptionAnswer}
)


class SubscribeBody(msgspec.Struct, forbid_unknown_fields=True):
    """What to subscribe to: a plan of the platform, or a tier of an agent."""

    plan: Slug = ""
    agent: Annotated[str, Meta(max_length=60)] = ""
    tier: Slug = ""
    quantity: Seats = 1
    overage: bool = False
    trial: bool = False
    alignment: Literal["anniversary", "calendar"] = "anniversary"
    zone: Annotated[str, Meta(max_length=64)] = "UTC"


class ChangeBody(msgspec.Struct, forbid_unknown_fields=True):
    """What to change to; what is not named stays."""

    plan: Slug = ""
    tier: Slug = ""
    quantity: Seats | None = None


class CancelBody(msgspec.Struct, forbid_unknown_fields=True):
    """When it ends: with its period, unless now is said."""

    at: Literal["period_end", "now"] = "period_end"


class OverageBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whether use may go on above what is included, and is paid for."""

    allowed: bool


class SubscriptionList(msgspec.Struct):
    """A page of subscriptions."""

    results: list[SubscriptionAnswer]
    next: str | None
    previous: str | None


@api_view(
    kind="customer",
    scope=READ,
    methods=["GET"],
    answers={200: SubscriptionList},
    query={"limit": "1 to 200", "cursor": "from `next` or `previous`"},
    summary="List subscriptions",
)
def subscription_list(request: ApiRequest) -> SubscriptionList:
    """List the subscriptions of the key's customer, newest first."""
    query_params.refuse_unknown(request.GET, known=paging.PARAMETERS)
    cut = paging.page(request=request, rows=queries.of(customer=_customer(request)))
    rows = [answers.subscription(row) for row in cut.rows]
    return SubscriptionList(results=rows, next=cut.next, previous=cut.previous)


@api_view(
    kind="customer",
    scope=WRITE,
    methods=["POST"],
    body=SubscribeBody,
    answers={201: SubscriptionAnswer},
    summary="Subscribe to a plan or to an agent's tier",
)
def subscribe(request: ApiRequest, *, body: SubscribeBody) -> HttpResponse:
    """Subscribe: what is free is active at once, what costs something when its checkout is paid.

    A trial begins when its checkout, which charges nothing, has saved a card.
    """
    if bool(body.plan) == bool(body.agent):
        raise InvalidInputError(
            "Name either plan or agent", errors=[{"pointer": "", "detail": "needs one of the two"}]
        )
    if body.agent and body.trial:
        raise InvalidInputError(
            "An agent's tier has no trial", errors=[{"pointer": "/trial", "detail": "is for plans"}]
        )
    asked: dict[str, Any] = {
        "customer": _customer(request),
        "principal": request.principal.id,
        "key": key_of(request) or f"none-{secrets.token_hex(16)}",
        "now": clock.now(),
    }
    if body.agent:
        found = subscriptions.request(agent=body.agent, tier=body.tier, **asked)
    else:
        found = attaching.attach(choice=_choice(body), **asked)
    headers = {"Idempotent-Replayed": "true"} if found.replayed else {}
    return http.answer(answers.subscription(found.subscription), status=201, headers=headers)


@api_view(
    kind="customer",
    scope=READ,
    methods=["GET"],
    answers={200: SubscriptionAnswer},
    summary="Read a subscription",
)
def subscription(request: ApiRequest, *, public_id: str) -> SubscriptionAnswer:
    """Show a subscription of the key's customer."""
    return answers.subscription(_own(request, public_id))


@api_view(
    kind="customer",
    scope=READ,
    methods=["POST"],
    body=ChangeBody,
    answers={200: ChangeAnswer},
    summary="See what a change would cost",
)
def preview_change(request: ApiRequest, *, public_id: str, body: ChangeBody) -> ChangeAnswer:
    """Show each line of a change, writing nothing."""
    row, now = _own(request, public_id), clock.now()
    tier_id = plan_choices.chosen(subscription=row, plan=body.plan, tier=body.tier, now=now)
    planned = changing.preview(subscription=row, tier_id=tier_id, quantity=body.quantity, now=now)
    return answers.change(planned)


@acting(body=ChangeBody, summary="Change a subscription")
def change_subscription(request: ApiRequest, *, public_id: str, body: ChangeBody) -> SubscriptionAnswer:
    """Change tier or seats: more begins now, less with the next period."""
    row, now = _own(request, public_id), clock.now()
    tier_id = plan_choices.chosen(subscription=row, plan=body.plan, tier=body.tier, now=now)
    changed = changing.change(
        subscription_id=row.pk, tier_id=tier_id, quantity=body.quantity, actor=request.principal.id, now=now
    )
    return answers.subscription(changed)


@acting(body=CancelBody, summary="Cancel a subscription")
def cancel_subscription(request: ApiRequest, *, public_id: str, body: CancelBody) -> SubscriptionAnswer:
    """End a subscription with its period, or now."""
    return _step(request, public_id, cancelling.at_once if body.at == "now" else cancelling.at_period_end)


@acting(summary="Keep a subscription after all")
def keep_subscription(request: ApiRequest, *, public_id: str) -> SubscriptionAnswer:
    """Take back a cancellation that is still to come."""
    return _step(request, public_id, cancelling.keep)


@acting(summary="Pause a subscription")
def pause_subscription(request: ApiRequest, *, public_id: str) -> SubscriptionAnswer:
    """Pause: the period runs out, and none follows until it is resumed."""
    return _step(request, public_id, cancelling.pause)


@acting(summary="Resume a subscription")
def resume_subscription(request: ApiRequest, *, public_id: str) -> SubscriptionAnswer:
    """Resume what was paused."""
    return _step(request, public_id, cancelling.resume)


@api_view(
    kind="customer",
    scope=WRITE,
    methods=["POST"],
    body=OverageBody,
    answers={200: SubscriptionAnswer},
    summary="Allow or stop use above what a plan includes",
)
def subscription_overage(request: ApiRequest, *, public_id: str, body: OverageBody) -> SubscriptionAnswer:
    """Let use go on above what the plan includes, billed with the next period; or let it stop there."""
    return _step(request, public_id, consent.allow_overage if body.allowed else consent.stop_overage)


def _step(request: ApiRequest, public_id: str, step: Callable[..., Subscription]) -> SubscriptionAnswer:
    row = _own(request, public_id)
    changed = step(subscription_id=row.pk, actor=request.principal.id, now=clock.now())
    return answers.subscription(changed)


def _own(request: ApiRequest, public_id: str) -> Subscription:
    return purchases.subscription_of(customer=_customer(request), public_id=public_id)


def _customer(request: ApiRequest) -> Customer:
    assert request.principal.customer_id is not None  # a customer's key, says the view
    return Customer.objects.get(pk=request.principal.customer_id)


def _choice(body: SubscribeBody) -> Choice:
    return Choice(
        plan=body.plan,
        tier=body.tier,
        quantity=body.quantity,
        overage=body.overage,
        trial=body.trial,
        alignment=body.alignment,
        zone=body.zone,
    )
