"""POST /v1/wallet/topup, GET /v1/wallet/topups/{id}."""

import secrets
from typing import Any

import msgspec
from django.http import HttpResponse

from accounts.idempotency import key_of
from accounts.models import Customer
from accounts.plain_api import ApiRequest, api_view
from billing.api.inputs import return_urls
from billing.models.topups import TopUp
from billing.operations import topups
from billing.operations.topups import Order
from billing.queries import purchases
from config.kit import clock, http
from config.kit.errors import InvalidInputError
from wallets import claws, money
from wallets.money import Amount


class TopUpBody(msgspec.Struct, forbid_unknown_fields=True):
    """What to buy: an amount or a package, and where the browser goes afterwards."""

    amount_usd: str | None = None
    package: str | None = None
    success_url: str | None = None
    cancel_url: str | None = None


class Credits(msgspec.Struct):
    """What a top-up brings once it is paid."""

    paid: Amount
    bonus: Amount


class TopUpAnswer(msgspec.Struct):
    """A top-up as it was opened."""

    id: str
    status: str
    checkout_url: str
    stripe_session_id: str
    credits: Credits
    expires_at: str | None


class TopUpState(TopUpAnswer):
    """A top-up as it stands."""

    amount_usd: str
    package: str | None
    failure: str | None
    created_at: str
    paid_at: str | None
    refunded_usd: str


@api_view(
    kind="customer",
    scope="wallet:write",
    methods=["POST"],
    body=TopUpBody,
    answers={201: TopUpAnswer},
    summary="Buy credits: open a checkout",
)
def top_up(request: ApiRequest, *, body: TopUpBody) -> HttpResponse:
    """Open a checkout for credits; they arrive when Stripe says it is paid."""
    requested = topups.request(
        customer=_customer(request),
        principal=request.principal.id,
        key=key_of(request) or f"none-{secrets.token_hex(16)}",
        order=_order(body),
        now=clock.now(),
    )
    headers = {"Idempotent-Replayed": "true"} if requested.replayed else {}
    return http.answer(_opened(requested.top_up), status=201, headers=headers)


@api_view(
    kind="customer",
    scope="wallet:read",
    methods=["GET"],
    answers={200: TopUpState},
    summary="Read a top-up",
)
def top_up_detail(request: ApiRequest, *, public_id: str) -> TopUpState:
    """Say how a top-up of the key's customer stands."""
    found = purchases.top_up_of(customer=_customer(request), public_id=public_id)
    opened = msgspec.structs.asdict(_opened(found)) | {"status": found.status}
    return TopUpState(
        **opened,
        amount_usd=money.usd_text(money.cents_to_micros(found.amount_cents) * money.MICRO),
        package=found.package or None,
        failure=found.failure or None,
        created_at=_time(found.created_at),
        paid_at=_time(found.paid_at),
        refunded_usd=money.usd_text(_refunded(found) * money.MICRO),
    )


def _refunded(top_up: TopUp) -> int:
    return claws.taken(purchase=top_up.payment_intent_id)[1] if top_up.payment_intent_id else 0


def _customer(request: ApiRequest) -> Customer:
    assert request.principal.customer_id is not None  # a customer's key, says the view
    return Customer.objects.get(pk=request.principal.customer_id)


def _order(body: TopUpBody) -> Order:
    urls = return_urls(success_url=body.success_url, cancel_url=body.cancel_url)
    if (body.amount_usd is None) == (body.package is None):
        raise InvalidInputError(
            "Name either amount_usd or package", errors=[{"pointer": "", "detail": "needs one of the two"}]
        )
    if body.package is not None:
        return topups.order_of_package(slug=body.package, **urls)
    return topups.order_of_amount(amount_cents=money.parse_cents(body.amount_usd or ""), **urls)


def _opened(top_up: TopUp) -> TopUpAnswer:
    # Facts that never change again, so that a replay is the same byte for byte.
    return TopUpAnswer(
        id=top_up.public_id,
        status=TopUp.Status.PENDING.value,
        checkout_url=top_up.checkout_url,
        stripe_session_id=top_up.stripe_session_id,
        credits=Credits(paid=money.amount(top_up.paid_credits), bonus=money.amount(top_up.bonus_credits)),
        expires_at=_time(top_up.expires_at),
    )


def _time(at: Any) -> Any:
    return at.isoformat().replace("+00:00", "Z") if at else None
