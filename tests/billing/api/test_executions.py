"""POST /internal/executions/{id}/meter and /release, GET /v1/executions/{id}, GET /v1/usage."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Customer
from config.kit import clock
from marketplace.models import Agent
from tests.support import people, runs
from tests.support.callers import Caller
from wallets import seals
from wallets.models import Seal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture
def router(client: Client) -> Caller:
    """Call as a router."""
    return Caller(client, people.router_key(), "/internal/usage/log")


@pytest.fixture
def agent() -> Agent:
    """An agent of 1 credit per 1,000 input and 3 per 1,000 output tokens."""
    return runs.make_agent("per-token", manifest=runs.PER_TOKEN, now=runs.LONG_AGO)


@pytest.fixture
def bob() -> Customer:
    """A consumer with 1,000 credits."""
    return runs.make_customer(credits=1000)


def reserve(router: Caller, agent: Agent, bob: Customer, **changes: Any) -> str:
    """Reserve a run of up to 10 credits."""
    body = {"agent": agent.slug, "caller": bob.public_id, "max_charge": "10", "reserve": True, **changes}
    return str(router.post(body, path="/internal/usage/check").json()["execution"])


def test_meter_tells_what_is_left_and_when_to_stop(router: Caller, agent: Agent, bob: Customer) -> None:
    path = f"/internal/executions/{reserve(router, agent, bob)}/meter"
    body = router.post({"sequence": 0, "usage": {"output_tokens": 1000}}, path=path).json()
    assert body == {
        "metered": {"credits": "3", "usd": "0.003"},
        "remaining": {"credits": "7", "usd": "0.007"},
        "stop": False,
    }
    assert router.post({"sequence": 2, "usage": {"output_tokens": 4000}}, path=path).json()["stop"]
    late = router.post({"sequence": 1, "usage": {"output_tokens": 2000}}, path=path).json()
    assert (late["metered"]["credits"], late["stop"]) == ("12", True)


@pytest.mark.parametrize(
    "body",
    [
        {"usage": {}},
        {"sequence": -1, "usage": {}},
        {"sequence": 2**63, "usage": {}},
        {"sequence": "1", "usage": {}},
        {"sequence": 1, "usage": {"input_tokens": -1}},
        {"sequence": 1, "usage": {}, "more": 1},
    ],
)
def test_meter_refuses_bad_input(router: Caller, agent: Agent, bob: Customer, body: Any) -> None:
    path = f"/internal/executions/{reserve(router, agent, bob)}/meter"
    assert router.post(body, path=path).status_code == 400


def test_release_answers_the_execution_and_may_be_repeated(
    router: Caller, agent: Agent, bob: Customer
) -> None:
    path = f"/internal/executions/{reserve(router, agent, bob)}/release"
    first = router.post({"reason": "user cancelled"}, path=path)
    assert (first.status_code, first.json()["status"], first.json()["reason"]) == (
        200,
        "released",
        "user cancelled",
    )
    assert first.json()["released"]["credits"] == "10"
    assert router.post({"reason": "again"}, path=path).content == first.content


def test_release_and_meter_after_settle_are_409_and_unknown_is_404(
    router: Caller, agent: Agent, bob: Customer
) -> None:
    execution = reserve(router, agent, bob)
    router.post({"execution": execution, "usage": {"input_tokens": 1}})
    for step, body in (("release", {}), ("meter", {"sequence": 1, "usage": {}})):
        assert router.post(body, path=f"/internal/executions/{execution}/{step}").status_code == 409
        unknown = f"/internal/executions/exe_00000000000000000000000000/{step}"
        assert router.post(body, path=unknown).status_code == 404


def test_the_receipt_explains_the_charge(client: Client, router: Caller, agent: Agent, bob: Customer) -> None:
    execution = reserve(router, agent, bob)
    router.post(
        {"execution": execution, "usage": {"input_tokens": 1000, "output_tokens": 500}, "model": "haiku"}
    )
    receipt = Caller(client, people.customer_key(bob), f"/v1/executions/{execution}").get().json()
    assert receipt["charged"] == {"credits": "2.5", "usd": "0.0025"}
    assert [line["rate"]["usd"] for line in receipt["lines"]] == ["0.000001", "0.000003"]
    assert receipt["readings"] == {"input_tokens": "1000", "output_tokens": "500"}
    assert receipt["grants"] == [{"funding_class": "paid", "amount": {"credits": "2.5", "usd": "0.0025"}}]
    assert (receipt["split"]["creator"]["credits"], receipt["chain_hash"]) == ("2", None)
    assert receipt["transaction"].startswith("ltx_")


def test_the_receipt_shows_its_seal_once_it_is_sealed(
    client: Client, router: Caller, agent: Agent, bob: Customer
) -> None:
    execution = reserve(router, agent, bob)
    router.post({"execution": execution, "usage": {"input_tokens": 1000}})
    receipt = Caller(client, people.customer_key(bob), f"/v1/executions/{execution}")
    assert receipt.get().json()["chain_hash"] is None

    seals.seal_waiting(now=clock.now())

    sealed = Seal.objects.get(transaction__public_id=receipt.get().json()["transaction"])
    assert receipt.get().json()["chain_hash"] == bytes(sealed.hash).hex()


def test_the_receipt_of_another_customer_is_404_and_a_routers_key_403(
    client: Client, router: Caller, agent: Agent, bob: Customer
) -> None:
    path = f"/v1/executions/{reserve(router, agent, bob)}"
    stranger = Caller(client, people.customer_key(runs.make_customer("carol")), path)
    assert stranger.get().status_code == 404
    assert Caller(client, people.router_key(), path).get().status_code == 403


@pytest.fixture
def _at_noon() -> Iterator[None]:
    """Keep midnight out of a test that counts days."""
    with time_machine.travel(runs.MONDAY.replace(hour=12)):
        yield


@pytest.mark.usefixtures("_at_noon")
def test_usage_is_grouped_by_agent_model_and_day(
    client: Client, router: Caller, agent: Agent, bob: Customer
) -> None:
    other = runs.make_agent("echo", creator=runs.make_creator("carl"), now=runs.LONG_AGO)
    for model in ("haiku", "sonnet", "haiku"):
        body = {"usage": {"input_tokens": 1000, "compute_units": "0.5"}, "model": model}
        router.post({"execution": reserve(router, agent, bob), **body})
    router.post({"agent": other.slug, "caller": bob.public_id, "usage": {}, "event_id": "e1"})
    caller = Caller(client, people.customer_key(bob), "/v1/usage")
    report = caller.get(period="30d", group_by="agent").json()
    assert [(row["agent"], row["executions"], row["cost"]["credits"]) for row in report["data"]] == [
        ("echo", 1, "50"),
        ("per-token", 3, "3"),
    ]
    assert report["data"][1]["compute_units"] == "1.5"
    assert report["total"]["cost"] == {"credits": "53", "usd": "0.053"}
    models = caller.get(group_by="model").json()["data"]
    assert {row["model"]: row["executions"] for row in models} == {"haiku": 2, "sonnet": 1, None: 1}
    (day,) = caller.get(group_by="day").json()["data"]
    assert (day["executions"], day["usage"]["input_tokens"]) == (4, "3000")


def test_usage_shows_what_another_machines_clock_puts_a_moment_ahead(
    client: Client, agent: Agent, bob: Customer
) -> None:
    runs.charge(agent, bob, "ahead", now=clock.now() + dt.timedelta(seconds=5))
    report = Caller(client, people.customer_key(bob), "/v1/usage").get().json()
    assert report["total"]["executions"] == 1


@pytest.mark.parametrize(
    "query",
    [
        {"period": "30"},
        {"period": "0d"},
        {"period": "999d"},
        {"group_by": "caller"},
        {"from": "yesterday"},
        {"from": "2026-03-02", "to": "2026-03-01"},
        {"period": "7d", "from": "2026-03-02"},
        {"colour": "red"},
    ],
)
def test_usage_refuses_bad_input(client: Client, bob: Customer, query: dict[str, str]) -> None:
    assert Caller(client, people.customer_key(bob), "/v1/usage").get(**query).status_code == 400
