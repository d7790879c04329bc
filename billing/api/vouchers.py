"""POST /v1/wallet/vouchers."""

import msgspec
from django.http import HttpResponse

from accounts import idempotency
from accounts.models import Customer
from accounts.plain_api import ApiRequest, api_view
from billing import answers
from billing.operations import vouchers
from config.kit import clock, rate_limit
from wallets import money
from wallets.money import Amount


class VoucherBody(msgspec.Struct, forbid_unknown_fields=True):
    """A code, as it was given."""

    code: str


class RedeemedAnswer(msgspec.Struct):
    """What the code gave."""

    credits: Amount
    expires_at: str | None


@api_view(
    kind="customer",
    scope="wallet:write",
    methods=["POST"],
    body=VoucherBody,
    answers={201: RedeemedAnswer},
    summary="Redeem a voucher",
)
def redeem(request: ApiRequest, *, body: VoucherBody) -> HttpResponse:
    """Give the credits of a voucher to the key's customer."""
    assert request.principal.customer_id is not None  # a customer's key, says the view
    customer = Customer.objects.get(pk=request.principal.customer_id)
    rate_limit.take(who=f"voucher:{customer.public_id}", kind="voucher")

    def act() -> tuple[int, RedeemedAnswer]:
        found = vouchers.redeem(
            customer=customer, code=body.code, actor=request.principal.id, now=clock.now()
        )
        expires_at = answers.time(found.expires_at) if found.expires_at else None
        return 201, RedeemedAnswer(money.amount(found.amount), expires_at)

    return idempotency.remember(
        request=request, principal=request.principal, operation="redeem", act=act
    ).response()
