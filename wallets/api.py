"""GET /v1/wallet/balance, GET /v1/wallet/transactions."""

from typing import Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api_auth import HasScope, principal_behind
from config.kit import clock, paging, query_params
from wallets import operations, queries
from wallets.models import Wallet
from wallets.serializers import BalanceSerializer, StatementLineSerializer, StatementSerializer

TYPES: Final = ("credit", "debit")
FILTERS: Final = frozenset({"type", "from", "to", "kind"}) | paging.PARAMETERS


class BalanceView(APIView):
    """What the key's customer has."""

    permission_classes = [HasScope("wallet:read")]

    @extend_schema(operation_id="wallet_balance", summary="Read the balance", responses=BalanceSerializer)
    def get(self, request: Request) -> Response:
        """Read the balance."""
        query_params.refuse_unknown(request.query_params, known=())
        balance = queries.customer_balance(wallet=_wallet(request), now=clock.now())
        return Response(BalanceSerializer(balance).data)


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


def _wallet(request: Request) -> Wallet:
    """Give the customer's own wallet, opened at the first look."""
    return operations.open_wallet(
        owner_type=Wallet.OwnerType.CONSUMER, owner_id=_customer_id(request), now=clock.now()
    )


def _wallets(request: Request) -> list[int]:
    wallets = queries.consumer_wallets(customer_id=_customer_id(request))
    return list(wallets.values_list("pk", flat=True))


def _customer_id(request: Request) -> int:
    customer_id = principal_behind(request).customer_id
    assert customer_id is not None  # HasScope lets customer keys pass only
    return customer_id
