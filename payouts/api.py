"""GET /v1/developer/earnings, /v1/developer/payouts, …/payouts/status, /v1/developer/agents/{id}/stats."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final, cast

from django.db.models import Q
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api_auth import HasScope, principal_behind
from config.kit import clock, paging, query_params
from config.kit.errors import InvalidInputError, NotFoundError
from marketplace.models import Agent, Creator
from payouts.models import Payout
from payouts.queries import agent_stats, earnings, why
from payouts.serializers import (
    EarningsSerializer,
    PayoutListSerializer,
    PayoutSerializer,
    PayoutStatusSerializer,
    StatsSerializer,
)

REPORT_DAYS: Final = 30
REPORT_DAYS_MAX: Final = 366 * 3
RANGE: Final = frozenset({"from", "to"})
FROM: Final = OpenApiParameter("from", description="From this time or date on, in UTC; else 30 days back.")
TO: Final = OpenApiParameter("to", description="Before this time or date, in UTC; else now.")


class NoCreatorError(NotFoundError):
    """The key's customer publishes nothing."""

    code = "no_creator"
    title = "This customer is no creator"


class EarningsView(APIView):
    """What the key's creator earned."""

    permission_classes = [HasScope("creator:read")]

    @extend_schema(
        operation_id="developer_earnings",
        summary="Report what the creator earned",
        parameters=[FROM, TO, OpenApiParameter("group_by", enum=earnings.GROUPS, default="day")],
        responses=EarningsSerializer,
    )
    def get(self, request: Request) -> Response:
        """Report earnings."""
        query = request.query_params
        query_params.refuse_unknown(query, known=RANGE | {"group_by"})
        group_by = query_params.choice(query, "group_by", choices=earnings.GROUPS, default="day")
        since, until = _range(query)
        report = earnings.report(
            creator_id=_creator(request).pk,
            since=since,
            until=until,
            group_by=cast("earnings.GroupBy", group_by),
        )
        return Response(EarningsSerializer(report).data)


class PayoutsView(APIView):
    """What the key's creator was paid."""

    permission_classes = [HasScope("creator:read")]

    @extend_schema(
        operation_id="developer_payouts",
        summary="List the creator's payouts, newest first",
        parameters=[
            OpenApiParameter("limit", type=int, description="1 to 200, else 50."),
            OpenApiParameter("cursor", description="As `next` and `previous` bring it."),
        ],
        responses=PayoutListSerializer,
    )
    def get(self, request: Request) -> Response:
        """List one page."""
        query_params.refuse_unknown(request.query_params, known=paging.PARAMETERS)
        page = paging.page(request=request, rows=Payout.objects.filter(creator=_creator(request)))
        return Response(page.body(lambda payout: PayoutSerializer(payout).data))


class PayoutStatusView(APIView):
    """Why the key's creator was not paid."""

    permission_classes = [HasScope("creator:read")]

    @extend_schema(
        operation_id="developer_payout_status",
        summary="Say what keeps the creator from being paid, and when it is tried next",
        responses=PayoutStatusSerializer,
    )
    def get(self, request: Request) -> Response:
        """Compute the checklist from what stands now."""
        query_params.refuse_unknown(request.query_params, known=frozenset())
        answer = why.not_paid(creator=_creator(request), now=clock.now())
        return Response(PayoutStatusSerializer(answer).data)


class AgentStatsView(APIView):
    """How one agent of the key's creator does."""

    permission_classes = [HasScope("creator:read")]

    @extend_schema(
        operation_id="developer_agent_stats",
        summary="Report how an agent does",
        parameters=[FROM, TO],
        responses=StatsSerializer,
    )
    def get(self, request: Request, agent: str) -> Response:
        """Report on one agent, named by its id or slug."""
        query_params.refuse_unknown(request.query_params, known=RANGE)
        since, until = _range(request.query_params)
        found = _agent(_creator(request), agent)
        stats = agent_stats.stats(agent=found, since=since, until=until)
        return Response(StatsSerializer(stats).data)


def _creator(request: Request) -> Creator:
    creator = Creator.objects.filter(customer=principal_behind(request).customer_id or 0).first()
    if creator is None:
        raise NoCreatorError
    return creator


def _agent(creator: Creator, name: str) -> Agent:
    if "\x00" not in name:
        agent = Agent.objects.filter(Q(public_id=name) | Q(slug=name), creator=creator).first()
        if agent is not None:
            return agent
    raise NotFoundError("You have no such agent.")


def _range(query: Mapping[str, Any]) -> tuple[dt.datetime, dt.datetime]:
    until = query_params.moment(query, "to") or clock.now()
    since = query_params.moment(query, "from") or until - dt.timedelta(days=REPORT_DAYS)
    if since > until:
        raise InvalidInputError(
            "from is after to.", errors=[{"pointer": "/from", "detail": "must not be after to"}]
        )
    if until - since > dt.timedelta(days=REPORT_DAYS_MAX):
        problem = f"must be at most {REPORT_DAYS_MAX} days before to"
        raise InvalidInputError(f"from {problem}.", errors=[{"pointer": "/from", "detail": problem}])
    return since, until
