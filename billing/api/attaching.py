"""POST /v1/attach: put a customer on a plan."""

import secrets
from typing import Annotated

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from accounts.idempotency import key_of
from accounts.models import Customer
from accounts.plain_api import ApiRequest, api_view
from billing.api.inputs import Name, return_urls, subject
from billing.models import Subscription
from billing.operations.subscriptions import AlreadySubscribedError, attaching
from billing.operations.subscriptions.attaching import QUANTITY_MAX, Choice
from billing.queries import subscriptions as queries
from config.kit import clock, http

Word = Annotated[str, Meta(max_length=60)]


class AttachBody(msgspec.Struct, forbid_unknown_fields=True):
    """A plan for a customer; name and e-mail address are for one that nobody has heard of."""

    customer: Name
    plan: Annotated[str, Meta(min_length=1, max_length=60)]
    tier: Word = ""
    quantity: Annotated[int, Meta(ge=1, le=QUANTITY_MAX)] = 1
    overage: bool = False
    trial: bool = False
    zone: Annotated[str, Meta(max_length=64)] = "UTC"
    success_url: str | None = None
    cancel_url: str | None = None
    name: Annotated[str, Meta(max_length=200)] = ""
    email: Annotated[str, Meta(max_length=254, pattern=r"^([!-?A-~]+@[!-?A-~]+)?(?![\s\S])")] = ""


class AttachAnswer(msgspec.Struct, omit_defaults=True):
    """The plan is attached, or will be once the checkout is paid."""

    attached: bool
    customer: str
    plan: str
    subscription: str
    checkout_url: str | msgspec.UnsetType = msgspec.UNSET


@api_view(
    kind="service",
    scope="features:use",
    methods=["POST"],
    body=AttachBody,
    answers={200: AttachAnswer},
    summary="Put a customer on a plan",
)
def attach_plan(request: ApiRequest, *, body: AttachBody) -> HttpResponse:
    """Subscribe a customer to a plan: at once when nothing is to be paid, else by the checkout that is answered.

    A trial begins when its checkout, which charges nothing, has saved a card.
    A customer that has the plan keeps it; one with another paid plan changes to this one.
    """
    urls = return_urls(success_url=body.success_url, cancel_url=body.cancel_url)
    customer = subject(body.customer, name=body.name, email=body.email)
    key = key_of(request) or f"none-{secrets.token_hex(16)}"
    try:
        found = attaching.attach(
            customer=customer,
            principal=request.principal.id,
            key=key,
            choice=Choice(
                body.plan, body.tier, body.quantity, body.overage, trial=body.trial, zone=body.zone, **urls
            ),
            now=clock.now(),
        )
    except AlreadySubscribedError:
        kept = queries.live(customer_id=customer.pk, agent_id=None)
        if kept is None:
            raise
        return http.answer(_attached(customer, kept))
    answer = (_opened if _is_opened(found.subscription, key) else _attached)(customer, found.subscription)
    return http.answer(answer, headers={"Idempotent-Replayed": "true"} if found.replayed else {})


def _is_opened(subscription: Subscription, key: str) -> bool:
    # A plan that was changed is not what this key opened; one that waits may have been opened by another.
    waits = subscription.state == Subscription.State.INCOMPLETE
    return bool(subscription.checkout_url) and (waits or subscription.idempotency_key == key)


def _attached(customer: Customer, subscription: Subscription) -> AttachAnswer:
    return AttachAnswer(
        attached=True,
        customer=customer.public_id,
        plan=subscription.version.plan.slug or "",
        subscription=subscription.public_id,
    )


def _opened(customer: Customer, subscription: Subscription) -> AttachAnswer:
    # What it was when it was opened, whatever became of it: a replay is the same byte for byte.
    answer = _attached(customer, subscription)
    answer.attached, answer.checkout_url = False, subscription.checkout_url
    return answer
