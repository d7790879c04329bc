"""GET /v1/wallet/balance, GET /v1/wallet/transactions."""

import datetime as dt
from typing import Annotated, Final

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api_auth import HasScope, principal_behind, prove
from accounts.plain_api import ApiRequest, api_view
from config.kit import clock, paging, query_params
from wallets import money, operations, queries
from wallets.models import CreditGrant, Wallet
from wallets.money import Amount
from wallets.serializers import StatementLineSerializer, StatementSerializer

TYPES: Final = ("credit", "debit")
FILTERS: Final = frozenset({"type", "from", "to", "kind"}) | paging.PARAMETERS


FundingClass = Annotated[str, msgspec.Meta(extra_json_schema={"enum": CreditGrant.FundingClass.values})]


class Grant(msgspec.Struct):
    """Credits of one purchase, plan or gift that are left; scope: empty, or the creator whose agents take them."""

    id: str
    funding_class: FundingClass
    scope: str
    remaining: Amount
    expires_at: dt.datetime | None


class Balance(msgspec.Struct, kw_only=True):
    """What a customer has: balance - reserved = available. Grants with a scope lie beside the balance, not in it."""

    wallet: str
    currency: str = money.CREDITS
    balance: Amount
    reserved: Amount
    available: Amount
    owed: Amount
    grants: list[Grant]


@api_view(
    kind="customer",
    scope="wallet:read",
    methods=["GET"],
    answers={200: Balance},
    summary="Read the balance",
    proves=True,
)
def wallet_balance(request: ApiRequest) -> Balance:
    """Read what the key's customer has."""
    query_params.refuse_unknown(request.GET, known=())
    return _shown(_balance(request, clock.now()))


def _balance(request: ApiRequest, now: dt.datetime) -> queries.Balance:
    if request.unproven is not None:
        found = queries.customer_balance_still(digest=request.unproven, now=now)
        if found is not None:
            return found
        prove(request)
    customer_id = request.principal.customer_id
    assert customer_id is not None  # a customer's key, says the view
    found = queries.customer_balance(customer_id=customer_id, now=now)
    if found is None:
        # Opened at the first look.
        wallet = operations.open_wallet(owner_type=Wallet.OwnerType.CONSUMER, owner_id=customer_id, now=now)
        return queries.balance(wallet=wallet, now=now)
    return found


def _shown(found: queries.Balance) -> Balance:
    return Balance(
        wallet=found.wallet,
        balance=money.amount(found.balance),
        reserved=money.amount(found.reserved),
        available=money.amount(found.available),
        owed=money.amount(found.owed),
        grants=[
            Grant(each.id, each.funding_class, each.scope, money.amount(each.remaining), each.expires_at)
            for each in found.grants
        ],
    )


class TransactionsView(APIView):
    """What moved in the key's customer's wallets, newest first."""

    permission_classes = [HasScope("wallet:read")]

    @extend_schema(
        operation_id="wallet_transactions",
        summary="List what moved, newest first",
        parameters=[
            OpenApiParameter("type", enum=TYPES),
            OpenApiParameter("kind", description="What kind of event: topup, settle, ..."),
            OpenApiParameter("from", description="From this time or date on, in UTC."),
            OpenApiParameter("to", description="Before this time or date, in UTC."),
            OpenApiParameter("limit", type=int, description="1 to 200, else 50."),
            OpenApiParameter("cursor", description="As `next` and `previous` bring it."),
        ],
        responses=StatementSerializer,
    )
    def get(self, request: Request) -> Response:
        """List one page."""
        query = request.query_params
        query_params.refuse_unknown(query, known=FILTERS)
        entries = queries.statement(
            wallet_ids=_wallets(request),
            type=query_params.choice(query, "type", choices=TYPES),
            kind=query_params.text(query, "kind"),
            since=query_params.moment(query, "from"),
            until=query_params.moment(query, "to"),
        )
        page = paging.page(request=request, rows=entries)
        return Response(page.body(lambda entry: StatementLineSerializer(entry).data))


def _wallets(request: Request) -> list[int]:
    wallets = queries.consumer_wallets(customer_id=_customer_id(request))
    return list(wallets.values_list("pk", flat=True))


def _customer_id(request: Request) -> int:
    customer_id = principal_behind(request).customer_id
    assert customer_id is not None  # HasScope lets customer keys pass only
    return customer_id
