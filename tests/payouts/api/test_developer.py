"""The developer's three paths: what the contract says, for the key's own creator only."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from billing.operations import posting
from marketplace.models import Creator
from payouts.operations import approvals, runs, sending
from tests.support import people
from tests.support import runs as agent_runs
from tests.support.creators import NOW, PAY_DAY, WEEK, approved, earn, earning_creator
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books", "_at_noon")]

EARNINGS = "/v1/developer/earnings"
PAYOUTS = "/v1/developer/payouts"
MARCH = {"from": "2026-03-01", "to": "2026-04-01"}


@pytest.fixture
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOW + dt.timedelta(hours=3), tick=False):
        yield


def get(creator: Creator, path: str, **query: str) -> Any:
    headers = people.bearer(people.customer_key(creator.customer))
    return Client().get(path, query, headers=headers)


def amount(credits: str, usd: str) -> dict[str, str]:
    return {"credits": credits, "usd": usd}


class TestEarnings:
    def test_it_sums_what_runs_charged_and_what_is_the_creators(self) -> None:
        alice = earning_creator(requests=2)
        answer = get(alice, EARNINGS, **MARCH)
        assert answer.status_code == 200
        body = answer.json()
        sums = {
            "gross": amount("100", "0.10"),
            "platform_fee": amount("20", "0.02"),
            "net": amount("80", "0.08"),
            "executions": 1,
        }
        assert body["total"] == sums
        assert body["series"] == [{**sums, "day": "2026-03-02"}]
        nothing = amount("0", "0.00")
        assert (body["maturing"], body["payable"], body["paid"]) == (amount("80", "0.08"), nothing, nothing)

    def test_posting_changes_nothing_that_is_shown(self) -> None:
        alice = earning_creator(requests=2)
        before = get(alice, EARNINGS, **MARCH).json()
        posting.post_splits(now=NOW)
        assert get(alice, EARNINGS, **MARCH).json() == before

    def test_it_groups_by_agent(self) -> None:
        alice = earning_creator()
        other = agent_runs.make_agent("second", creator=alice)
        earn(other, agent_runs.make_customer("carol", credits=1000), "second")
        rows = get(alice, EARNINGS, group_by="agent", **MARCH).json()["series"]
        assert [(row["slug"], row["net"]["credits"]) for row in rows] == [
            ("alice-echo", "4000"),
            ("second", "40"),
        ]
        assert rows[0]["agent"].startswith("agt_")

    def test_its_range_is_half_open(self) -> None:
        alice = earning_creator()
        exact = NOW.isoformat().replace("+00:00", "Z")
        assert get(alice, EARNINGS, to=exact).json()["total"]["executions"] == 0
        assert get(alice, EARNINGS, **{"from": exact}).json()["total"]["executions"] == 1

    def test_it_follows_the_money(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        runs.prepare(period=WEEK, actor="test", now=PAY_DAY)
        body = get(alice, EARNINGS, **MARCH).json()
        assert [body[name]["credits"] for name in ("maturing", "payable", "paid")] == ["0", "4000", "0"]
        payout = alice.payouts.get()
        approvals.approve(payouts=[payout], actor="test", now=PAY_DAY)
        sending.send_approved(now=PAY_DAY)
        body = get(alice, EARNINGS, **MARCH).json()
        assert [body[name]["credits"] for name in ("maturing", "payable", "paid")] == ["0", "0", "4000"]

    @pytest.mark.parametrize(
        "query",
        [
            {"group_by": "week"},
            {"from": "yesterday"},
            {"from": "2026-13-01"},
            {"from": "2026-04-01", "to": "2026-03-01"},
            {"from": "1990-01-01"},
            {"since": "2026-03-01"},
            {"from": "\x00"},
        ],
    )
    def test_it_refuses_what_it_does_not_understand(self, query: dict[str, str]) -> None:
        answer = get(agent_runs.make_creator(), EARNINGS, **query)
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["errors"]


class TestPayouts:
    def test_it_lists_them_newest_first(self, stripe_standin: StripeStandin) -> None:
        alice = earning_creator(stripe_standin)
        payout = approved(alice)
        sending.send_approved(now=PAY_DAY)
        payout.refresh_from_db()
        body = get(alice, PAYOUTS).json()
        assert (body["next"], body["previous"]) == (None, None)
        assert body["results"] == [
            {
                "id": payout.public_id,
                "status": "sent",
                "amount_credits": "4000",
                "amount_usd": "4.00",
                "period": {"from": "2026-03-02", "to": "2026-03-08"},
                "scheduled_for": "2026-03-11",
                "stripe_transfer_id": payout.stripe_transfer_id,
                "created_at": "2026-03-11T06:00:00Z",
                "sent_at": "2026-03-11T06:00:00Z",
                "paid_at": None,
                "failure": None,
            }
        ]

    def test_it_shows_nobody_elses(self, stripe_standin: StripeStandin) -> None:
        approved(earning_creator(stripe_standin))
        assert get(agent_runs.make_creator("dora"), PAYOUTS).json()["results"] == []


class TestAgentStats:
    def test_it_reports_one_agent_by_id_or_slug(self) -> None:
        alice = agent_runs.make_creator()
        agent = agent_runs.make_agent("tokens", creator=alice, manifest=agent_runs.PER_TOKEN)
        bob, carol = (agent_runs.make_customer(name, credits=1000) for name in ("bob", "carol"))
        usage = {"input_tokens": Decimal("1000"), "output_tokens": Decimal("500.5")}
        agent_runs.charge(agent, bob, "1", usage=usage, now=NOW)
        agent_runs.charge(agent, carol, "2", usage={"input_tokens": Decimal("1000")}, now=NOW)
        failed = agent_runs.reserve(agent, bob, now=NOW, usage=usage)
        agent_runs.settle(failed, usage=usage, outcome=agent_runs.FAILED, now=NOW)
        for name in (agent.slug, agent.public_id):
            body = get(alice, f"/v1/developer/agents/{name}/stats", **MARCH).json()
            assert (body["agent"], body["slug"]) == (agent.public_id, "tokens")
            assert (body["executions"], body["unique_callers"], body["success_rate"]) == (3, 2, 0.6667)
            assert (body["gross"]["credits"], body["net"]["credits"]) == ("3.5015", "2.8012")
            assert [day["day"] for day in body["series"]] == ["2026-03-02"]

    def test_it_is_all_zero_before_the_first_run(self) -> None:
        alice = agent_runs.make_creator()
        agent_runs.make_agent(creator=alice)
        body = get(alice, "/v1/developer/agents/echo/stats").json()
        assert (body["executions"], body["success_rate"], body["usage"], body["series"]) == (0, None, {}, [])

    @pytest.mark.parametrize("name", ["alice-echo", "nothing", "agt_00000000000000000000000000", "a%00b"])
    def test_another_creators_agent_is_not_found(self, name: str) -> None:
        earning_creator()
        answer = get(agent_runs.make_creator("dora"), f"/v1/developer/agents/{name}/stats")
        assert answer.status_code == 404


@pytest.mark.parametrize("path", [EARNINGS, PAYOUTS, "/v1/developer/agents/echo/stats"])
class TestKeys:
    def test_a_customer_who_is_no_creator_is_not_found(self, path: str) -> None:
        headers = people.bearer(people.customer_key(people.open_customer()))
        assert Client().get(path, headers=headers).status_code == 404

    def test_a_key_without_the_scope_is_forbidden(self, path: str) -> None:
        alice = agent_runs.make_creator()
        headers = people.bearer(people.customer_key(alice.customer, scopes=["wallet:read"]))
        assert Client().get(path, headers=headers).status_code == 403

    def test_a_routers_key_is_forbidden(self, path: str) -> None:
        assert Client().get(path, headers=people.bearer(people.router_key())).status_code == 403

    def test_no_key_is_unauthorised(self, path: str) -> None:
        assert Client().get(path).status_code == 401
