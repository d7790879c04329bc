"""POST /internal/usage/check with many."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import Execution
from marketplace.models import Agent
from tests.support import people, runs
from tests.support.callers import Caller
from tests.support.runs import credits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

PATH = "/internal/usage/check"


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
    """A consumer with 100 credits."""
    return runs.make_customer(credits=100)


def item(agent: Agent, bob: Customer, **changes: Any) -> dict[str, Any]:
    """Ask for one request, reserved."""
    return {
        "agent": agent.slug,
        "caller": bob.public_id,
        "usage": {"request": 1},
        "reserve": True,
        **changes,
    }


def counts(body: dict[str, Any]) -> tuple[int, int, int, int]:
    """Give the four numbers."""
    return body["allowed"], body["blocked"], body["refused"], body["replayed"]


def test_it_reserves_in_the_order_sent_and_what_is_smaller_may_still_fit(
    router: Caller, agent: Agent, bob: Customer
) -> None:
    sizes = ["70", "40", "31", "30", "1"]
    answer = router.post({"checks": [item(agent, bob, max_charge=size) for size in sizes]})
    assert answer.status_code == 200
    body = answer.json()
    assert [each["allowed"] for each in body["results"]] == [True, False, False, True, False]
    assert counts(body) == (2, 3, 0, 0)
    assert [each["available"]["credits"] for each in body["results"]] == ["30", "30", "30", "0", "0"]
    assert body["results"][1]["shortfall"]["credits"] == "10"
    assert runs.wallet_of(bob).held == credits(100)


def test_each_answer_is_that_of_a_single_call(router: Caller, agent: Agent, bob: Customer) -> None:
    single = router.post(item(agent, bob, max_charge=30)).json()
    many = router.post({"checks": [item(agent, bob, max_charge=30)]}).json()["results"][0]
    assert many.keys() == single.keys()
    assert many["available"]["credits"] == "40"
    short = {"max_charge": 90, "reserve": True}
    assert router.post({"checks": [item(agent, bob, **short)]}).json()["results"][0] == (
        router.post(item(agent, bob, **short)).json()
    )


def test_its_runs_settle(router: Caller, agent: Agent, bob: Customer) -> None:
    found = router.post({"checks": [item(agent, bob), item(agent, bob)]}).json()["results"]
    events = [{"execution": each["execution"], "usage": {"request": 1}} for each in found]
    logged = router.post({"events": events}, path="/internal/usage/log").json()
    assert [each["status"] for each in logged["results"]] == ["settled", "settled"]
    assert runs.wallet_of(bob).balance == 0


def test_one_that_only_asks_writes_nothing(router: Caller, agent: Agent, bob: Customer) -> None:
    asked = [
        item(agent, bob, reserve=False),
        item(agent, bob),
        item(agent, bob, reserve=False, max_charge=101),
    ]
    found = router.post({"checks": asked}).json()["results"]
    assert [each["allowed"] for each in found] == [True, True, False]
    assert ("execution" in found[0], "execution" in found[1]) == (False, True)
    assert Execution.objects.count() == 1


def test_a_refused_one_is_a_problem_in_its_place(router: Caller, agent: Agent, bob: Customer) -> None:
    asked = [
        item(agent, bob) | {"agent": "nobody"},
        item(agent, bob),
        item(agent, bob, caller="nobody"),
        item(agent, bob, surprise=1),
        item(agent, bob, usage={"request": -1}),
        "no object",
        item(agent, bob, usage=None),
        item(agent, bob, idempotency_key="with space"),
        item(agent, bob, idempotency_key="line\n"),
    ]
    body = router.post({"checks": asked}).json()
    assert counts(body) == (1, 0, 8, 0)
    told = [(each.get("status"), each.get("http_status"), each.get("code")) for each in body["results"]]
    assert told[:3] == [
        ("refused", 404, "agent_not_found"),
        (None, None, None),
        ("refused", 404, "customer_not_found"),
    ]
    assert {each[:2] for each in told[3:]} == {("refused", 400)}
    assert runs.wallet_of(bob).held == credits(50)


def test_the_same_keys_again_give_the_same_answers(router: Caller, agent: Agent, bob: Customer) -> None:
    asked = [item(agent, bob, max_charge=size, idempotency_key=f"k{size}") for size in (10, 20)]
    first = router.post({"checks": asked}).json()
    again = router.post({"checks": asked[::-1]}).json()
    assert again["results"] == first["results"][::-1]
    assert (counts(first), counts(again)) == ((2, 0, 0, 0), (2, 0, 0, 2))
    other = router.post({"checks": [asked[0] | {"ttl_seconds": 60}]}).json()["results"][0]
    assert (other["status"], other["http_status"], other["code"]) == (
        "refused",
        422,
        "idempotency_key_reused",
    )
    assert runs.wallet_of(bob).held == credits(30)


def test_a_key_means_the_same_alone_and_among_many(router: Caller, agent: Agent, bob: Customer) -> None:
    alone = router.post(item(agent, bob), key="k1").json()
    many = router.post({"checks": [item(agent, bob, idempotency_key="k1")]}).json()
    assert (many["results"], many["replayed"]) == ([alone], 1)
    many = router.post({"checks": [item(agent, bob, idempotency_key="k2", max_charge="20.0")]}).json()
    alone = router.post(item(agent, bob, max_charge={"credits": "20"}), key="k2")
    assert (alone.json(), alone.headers["Idempotent-Replayed"]) == (many["results"][0], "true")


def test_one_key_twice_in_a_batch_reserves_once(router: Caller, agent: Agent, bob: Customer) -> None:
    asked = [item(agent, bob, idempotency_key="k"), item(agent, bob, idempotency_key="k")]
    body = router.post({"checks": [*asked, item(agent, bob, idempotency_key="k", max_charge=1)]}).json()
    assert counts(body) == (2, 0, 1, 1)
    assert body["results"][0] == body["results"][1]
    assert Execution.objects.count() == 1


def test_the_requests_own_key_covers_items_without_one(router: Caller, agent: Agent, bob: Customer) -> None:
    asked = {"checks": [item(agent, bob, max_charge=1), item(agent, bob, max_charge=1)]}
    first, again = router.post(asked, key="all").json(), router.post(asked, key="all").json()
    assert again["results"] == first["results"]
    assert (again["replayed"], Execution.objects.count()) == (2, 2)
    for path, body in ((PATH, asked), ("/internal/usage/log", {"events": [{"usage": {}}]})):
        assert router.post(body, key="k" * 251, path=path).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"checks": []},
        {"checks": {}},
        {"checks": None},
        {"checks": [{}] * 1001},
        {"checks": [{}], "agent": "echo"},
    ],
)
def test_bad_input_is_a_clear_400(router: Caller, body: dict[str, Any]) -> None:
    answer = router.post(body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")


def test_a_consumers_key_is_403_and_none_is_401(client: Client, agent: Agent, bob: Customer) -> None:
    caller = Caller(client, people.customer_key(bob), PATH)
    assert caller.post({"checks": [item(agent, bob)]}).status_code == 403
    sent = client.post(PATH, {"checks": [item(agent, bob)]}, content_type="application/json")
    assert sent.status_code == 401
