"""POST /internal/usage/check."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import Execution
from marketplace.models import Agent
from tests.support import people, runs
from tests.support.callers import Caller

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
    """A consumer with 1,000 credits."""
    return runs.make_customer(credits=1000)


def asked(agent: Agent, bob: Customer, **changes: Any) -> dict[str, Any]:
    """Ask for one request."""
    return {"agent": agent.slug, "caller": bob.public_id, "usage": {"request": 1}, **changes}


def test_it_answers_the_estimate_and_writes_nothing(router: Caller, agent: Agent, bob: Customer) -> None:
    answer = router.post(asked(agent, bob))
    assert answer.status_code == 200
    assert answer.json() == {
        "allowed": True,
        "available": {"credits": "1000", "usd": "1.00"},
        "estimate": {"credits": "50", "usd": "0.05"},
        "price_version": answer.json()["price_version"],
    }
    assert answer.json()["price_version"].startswith("plv_")
    assert not Execution.objects.exists()


def test_it_reserves(router: Caller, agent: Agent, bob: Customer) -> None:
    body = router.post(asked(agent, bob, reserve=True, max_charge={"credits": "120.5"})).json()
    assert body["available"] == {"credits": "879.5", "usd": "0.8795"}
    assert body["execution"].startswith("exe_")
    assert body["hold"].startswith("hld_")
    assert body["expires_at"].endswith("Z")


def test_a_free_run_reserves_without_a_hold(router: Caller, bob: Customer) -> None:
    agent = runs.make_agent("gratis", manifest=runs.FREE, now=runs.LONG_AGO)
    body = router.post(asked(agent, bob, reserve=True)).json()
    assert body["allowed"]
    assert body["hold"] is None
    assert body["execution"].startswith("exe_")


def test_it_names_the_gate_that_blocks(router: Caller, agent: Agent) -> None:
    body = router.post(asked(agent, runs.make_customer("carol", credits=20), reserve=True)).json()
    assert body == {
        "allowed": False,
        "blocking_gate": "wallet",
        "required": {"credits": "50", "usd": "0.05"},
        "available": {"credits": "20", "usd": "0.02"},
        "shortfall": {"credits": "30", "usd": "0.03"},
        "top_up_url": body["top_up_url"],
    }
    assert body["top_up_url"].endswith("/wallet/add/")
    assert not Execution.objects.exists()


def test_the_same_key_answers_the_same_bytes(router: Caller, agent: Agent, bob: Customer) -> None:
    first = router.post(asked(agent, bob, reserve=True), key="k1")
    router.post(asked(agent, bob, reserve=True), key="k2")
    again = router.post(asked(agent, bob, reserve=True), key="k1")
    assert again.content == first.content
    assert (again.headers["Idempotent-Replayed"], "Idempotent-Replayed" in first.headers) == ("true", False)
    other = router.post(asked(agent, bob, reserve=True, ttl_seconds=60), key="k1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_may_come_in_the_body(router: Caller, agent: Agent, bob: Customer) -> None:
    first = router.post(asked(agent, bob, reserve=True), key="k1")
    again = router.post(asked(agent, bob, reserve=True, idempotency_key="k1"))
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert router.post(asked(agent, bob, reserve=True, idempotency_key="k1"), key="k2").status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"usage": {"request": -1}},
        {"usage": {"request": "NaN"}},
        {"usage": {"request": "1e400"}},
        {"usage": {"request": 2**63}},
        {"usage": {"request": "1,000"}},
        {"usage": {"request": True}},
        {"usage": {"request": None}},
        {"usage": {"": 1}},
        {"usage": "many"},
        {"usage": None},
        {"max_charge": 0},
        {"max_charge": -1},
        {"max_charge": "Infinity"},
        {"max_charge": "0.0000001"},
        {"max_charge": 2**70},
        {"max_charge": {"credits": []}},
        {"max_charge": {"euros": "1"}},
        {"max_charge": {"credits": "10", "usd": "0.02"}},
        {"ttl_seconds": 0},
        {"ttl_seconds": 86_401},
        {"ttl_seconds": 1.5},
        {"ttl_seconds": "60"},
        {"reserve": "yes"},
        {"parent": "exe_00000000000000000000000000"},
        {"surprise": 1},
        {"agent": ""},
        {"caller": None},
        {"model": "m" * 121},
    ],
)
def test_bad_input_is_a_clear_400_and_changes_nothing(
    router: Caller, agent: Agent, bob: Customer, changes: dict[str, Any]
) -> None:
    answer = router.post(asked(agent, bob, reserve=True) | changes)
    assert answer.status_code == 400, answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Execution.objects.exists()
    assert runs.wallet_of(bob).held == 0


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"agent": NaN}', b'"\\u0000"', b"\xff"])
def test_what_is_no_json_object_is_400(router: Caller, raw: bytes) -> None:
    assert router.raw(raw).status_code == 400


def test_strangers_are_404(router: Caller, agent: Agent, bob: Customer) -> None:
    for changes in ({"agent": "nobody"}, {"caller": "nobody"}, {"agent": "x\x00"}, {"caller": "cst_\x00"}):
        assert router.post(asked(agent, bob) | changes).status_code in (400, 404)
        assert router.post(asked(agent, bob, reserve=True) | changes).status_code in (400, 404)


def test_a_consumers_key_is_403_and_none_is_401(client: Client, agent: Agent, bob: Customer) -> None:
    caller = Caller(client, people.customer_key(bob), PATH)
    assert caller.post(asked(agent, bob)).status_code == 403
    assert client.post(PATH, asked(agent, bob), content_type="application/json").status_code == 401
