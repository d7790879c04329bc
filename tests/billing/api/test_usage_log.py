"""POST /internal/usage/log: one run, or many."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import Execution
from config.kit import clock
from marketplace.models import Agent
from tests.support import people, runs
from tests.support.callers import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

PATH = "/internal/usage/log"
CHECK = "/internal/usage/check"


@pytest.fixture
def router(client: Client) -> Caller:
    """Call as a router."""
    return Caller(client, people.router_key(), PATH)


@pytest.fixture
def agent() -> Agent:
    """An agent of 50 credits a request."""
    return runs.make_agent(now=runs.LONG_AGO)


@pytest.fixture
def bob() -> Customer:
    """A consumer with 1,000 credits."""
    return runs.make_customer(credits=1000)


def reserve(router: Caller, agent: Agent, bob: Customer) -> str:
    """Reserve a run of up to 120 credits."""
    body = {"agent": agent.slug, "caller": bob.public_id, "max_charge": "120", "reserve": True}
    return str(router.post(body, path=CHECK).json()["execution"])


def direct(agent: Agent, bob: Customer, event_id: str | None, **changes: Any) -> dict[str, Any]:
    """Log a run that was not reserved."""
    body = {"agent": agent.slug, "caller": bob.public_id, "usage": {"request": 1}, "outcome": "success"}
    return body | ({"event_id": event_id} if event_id else {}) | changes


def test_it_settles_a_reserved_run(router: Caller, agent: Agent, bob: Customer) -> None:
    execution = reserve(router, agent, bob)
    answer = router.post(
        {"execution": execution, "usage": {"request": 2}, "event_id": "e1", "outcome": "success"}
    )
    assert answer.status_code == 201
    body = answer.json()
    assert body == {
        "execution": execution,
        "status": "settled",
        "charged": {"credits": "100", "usd": "0.10"},
        "released": {"credits": "20", "usd": "0.02"},
        "unbilled": {"credits": "0", "usd": "0.00"},
        "available": {"credits": "900", "usd": "0.90"},
        "split": {
            "creator": {"credits": "80", "usd": "0.08"},
            "platform": {"credits": "20", "usd": "0.02"},
            "processing": {"credits": "0", "usd": "0.00"},
        },
        "lines": [
            {
                "metric": "request",
                "quantity": "2",
                "rate": {"credits": "50", "usd": "0.05"},
                "amount": {"credits": "100", "usd": "0.10"},
            }
        ],
        "price_version": body["price_version"],
    }


def test_it_charges_at_once_without_a_reserve(router: Caller, agent: Agent, bob: Customer) -> None:
    body = router.post(direct(agent, bob, "e1")).json()
    assert (body["status"], body["available"]["credits"]) == ("settled", "950")


def test_what_the_balance_does_not_cover_is_402(router: Caller, agent: Agent) -> None:
    answer = router.post(direct(agent, runs.make_customer("carol", credits=20), "e1"))
    body = answer.json()
    assert (answer.status_code, body["code"], body["blocking_gate"]) == (
        402,
        "insufficient_credits",
        "wallet",
    )
    assert [body[name]["credits"] for name in ("required", "available", "shortfall")] == ["50", "20", "30"]
    assert body["top_up_url"].endswith("/wallet/add/")
    assert not Execution.objects.exists()


def test_a_replay_answers_the_same_bytes(router: Caller, agent: Agent, bob: Customer) -> None:
    first = router.post(direct(agent, bob, "e1"))
    router.post(direct(agent, bob, "e2"))
    again = router.post(direct(agent, bob, "e1"))
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = router.post(direct(agent, bob, "e1", usage={"request": 2}))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert runs.wallet_of(bob).balance == runs.credits(900)


def test_an_idempotency_key_stands_in_for_the_event_id(router: Caller, agent: Agent, bob: Customer) -> None:
    first = router.post(direct(agent, bob, None), key="k1")
    assert router.post(direct(agent, bob, None), key="k1").content == first.content
    assert router.post(direct(agent, bob, None, usage={"request": 2}), key="k1").status_code == 422


def test_event_ids_are_each_routers_own(client: Client, router: Caller, agent: Agent, bob: Customer) -> None:
    router.post(direct(agent, bob, "e1"))
    other = Caller(client, people.router_key(), PATH)
    assert other.post(direct(agent, bob, "e1")).json()["available"]["credits"] == "900"


def test_settle_twice_is_409_and_so_is_settle_after_release(
    router: Caller, agent: Agent, bob: Customer
) -> None:
    execution = reserve(router, agent, bob)
    router.post({"execution": execution, "usage": {"request": 1}})
    answer = router.post({"execution": execution, "usage": {"request": 2}})
    assert (answer.status_code, answer.json()["execution_status"]) == (409, "settled")
    released = reserve(router, agent, bob)
    router.post({"reason": "client gone"}, path=f"/internal/executions/{released}/release")
    answer = router.post({"execution": released, "usage": {"request": 1}})
    assert (answer.status_code, answer.json()["execution_status"]) == (409, "released")


@pytest.mark.parametrize(
    "changes",
    [
        {"execution": "exe_00000000000000000000000000"},  # beside agent and caller
        {"agent": None},
        {"caller": None},
        {"event_id": None},
        {"event_id": ""},
        {"event_id": "e" * 256},
        {"usage": {"request": -1}},
        {"usage": {"request": "1e400"}},
        {"usage": {"request": "NaN"}},
        {"usage": {"request": 10**13}},
        {"usage": []},
        {"outcome": "perhaps"},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-03-02T12:00:00"},
        {"surprise": True},
    ],
)
def test_bad_input_is_a_clear_400_and_changes_nothing(
    router: Caller, agent: Agent, bob: Customer, changes: dict[str, Any]
) -> None:
    answer = router.post(direct(agent, bob, "e1") | changes)
    assert answer.status_code == 400, answer.json()
    assert not Execution.objects.exists()
    assert runs.wallet_of(bob).balance == runs.credits(1000)


@pytest.mark.parametrize("days", [-36, 1])
def test_times_out_of_range_are_422(router: Caller, agent: Agent, bob: Customer, days: int) -> None:
    at = (clock.now() + dt.timedelta(days=days)).isoformat()
    answer = router.post(direct(agent, bob, "e1", occurred_at=at))
    assert (answer.status_code, answer.json()["code"]) == (422, "occurred_at_out_of_range")
    at = (clock.now() - dt.timedelta(days=34)).isoformat()
    assert router.post(direct(agent, bob, "e1", occurred_at=at)).status_code == 201


def test_unknown_executions_agents_and_callers_are_404(router: Caller, agent: Agent, bob: Customer) -> None:
    for body in (
        {"execution": "exe_00000000000000000000000000", "usage": {}},
        {"execution": "exe_\x00", "usage": {}},
        direct(agent, bob, "e1") | {"agent": "nobody"},
        direct(agent, bob, "e1") | {"caller": "nobody"},
    ):
        assert router.post(body).status_code in (400, 404)
    assert router.post(direct(agent, bob, "e1") | {"caller": "nobody"}).json()["code"] == "customer_not_found"


def test_many_are_judged_each_alone_in_the_order_sent(router: Caller, agent: Agent, bob: Customer) -> None:
    carol = runs.make_customer("carol", credits=70)
    execution = reserve(router, agent, bob)
    router.post(direct(agent, bob, "old"))
    events = [
        direct(agent, carol, "e1"),
        {"execution": execution, "usage": {"request": 1}, "event_id": "e2"},
        direct(agent, carol, "e3"),  # carol has 20 left
        direct(agent, bob, "old"),
        {"execution": execution, "usage": {"request": 2}, "event_id": "e4"},
        direct(agent, bob, "e5", usage={"request": -1}),
        direct(agent, bob, "e6") | {"caller": "nobody"},
        "nonsense",
        direct(agent, bob, "e1"),  # another report under e1
        direct(agent, bob, "e7"),
    ]
    answer = router.post({"events": events})
    body = answer.json()
    assert (answer.status_code, body["charged"], body["replayed"], body["refused"]) == (200, 3, 1, 6)
    assert [result.get("code", result["status"]) for result in body["results"]] == [
        "settled",
        "settled",
        "insufficient_credits",
        "settled",
        "execution_closed",
        "invalid_input",
        "customer_not_found",
        "invalid_input",
        "idempotency_key_reused",
        "settled",
    ]
    assert runs.wallet_of(carol).balance == runs.credits(20)
    assert runs.wallet_of(bob).balance == runs.credits(850)
    again = router.post({"events": events}).json()
    assert (again["charged"], again["replayed"], again["refused"]) == (0, 4, 6)


def test_a_thousand_go_through_at_once_and_no_more(router: Caller, agent: Agent) -> None:
    rich = runs.make_customer("rich", credits=50_000)
    events = [direct(agent, rich, f"e{n}") for n in range(1_000)]
    body = router.post({"events": events}).json()
    assert (body["charged"], body["results"][-1]["available"]["credits"]) == (1_000, "0")
    assert router.post({"events": [*events, events[0]]}).status_code == 400
    assert router.post({"events": []}).status_code == 400
    assert router.post({"events": events[:1], "extra": 1}).status_code == 400


def test_a_consumers_key_is_403(client: Client, agent: Agent, bob: Customer) -> None:
    caller = Caller(client, people.customer_key(bob), PATH)
    assert caller.post(direct(agent, bob, "e1")).status_code == 403
