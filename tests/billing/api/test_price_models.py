"""The router's calls under every price model: bands, stated prices, and rates by model."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from marketplace.models import Agent
from tests.support import people, runs
from tests.support.callers import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

LOG = "/internal/usage/log"
CHECK = "/internal/usage/check"
BY_MODEL = 'pricing:\n  model: usage_based\n  rate_card: "standard"\n  default_hold: 10\n'
GRADUATED = """\
pricing:
  model: usage_based
  default_hold: 100
  rates:
    - {metric: pages, model: graduated, bands: [{up_to: 10, amount: 5}, {amount: 3, flat: 1}]}
"""
STATED = """\
pricing:
  model: usage_based
  default_hold: 100
  rates:
    - {metric: api_call, model: dynamic, least: 1, most: 10}
"""


@pytest.fixture
def router(client: Client) -> Caller:
    """Call as a router."""
    return Caller(client, people.router_key(), LOG)


@pytest.fixture
def bob() -> Customer:
    """A consumer with 1,000 credits."""
    return runs.make_customer(credits=1000)


def run(agent: Agent, bob: Customer, **changes: Any) -> dict[str, Any]:
    """Name a run of an agent."""
    return {"agent": agent.slug, "caller": bob.public_id, **changes}


def test_a_graduated_price_charges_each_band_and_the_lines_name_it(router: Caller, bob: Customer) -> None:
    agent = runs.make_agent("graduated", manifest=GRADUATED, now=runs.LONG_AGO)

    answer = router.post(run(agent, bob, usage={"pages": 12}, event_id="e1")).json()

    assert answer["charged"]["credits"] == "57"
    told = [(line["quantity"], line["amount"]["credits"], line["tier"]) for line in answer["lines"]]
    assert told == [("10", "50", "0 to 10"), ("2", "6", "above 10"), ("1", "1", "above 10, once")]


def test_w11_tokens_are_charged_by_the_model_that_ran(router: Caller, bob: Customer) -> None:
    agent = runs.make_agent("by-model", manifest=BY_MODEL, now=runs.LONG_AGO)
    usage = {"input_tokens": 1000, "output_tokens": 500}
    check = run(agent, bob, usage=usage, model="claude-haiku", reserve=True)

    reserved = router.post(check, path=CHECK).json()
    settled = router.post({"execution": reserved["execution"], "usage": usage, "event_id": "e1"}).json()

    assert reserved["estimate"] == settled["charged"] == {"credits": "1.75", "usd": "0.00175"}
    assert [line["rate"]["credits"] for line in settled["lines"]] == ["0.0005", "0.0025"]


def test_a_fallback_to_another_model_is_charged_at_its_rates(router: Caller, bob: Customer) -> None:
    agent = runs.make_agent("by-model", manifest=BY_MODEL, now=runs.LONG_AGO)
    reserved = router.post(run(agent, bob, model="claude-haiku", reserve=True, max_charge="10"), path=CHECK)

    report = {"execution": reserved.json()["execution"], "usage": {"input_tokens": 1000}, "event_id": "e1"}
    settled = router.post({**report, "model": "claude-sonnet"}).json()

    assert settled["charged"]["credits"] == "6"


@pytest.mark.parametrize("model", [None, "gpt-9"])
def test_a_model_that_is_not_on_the_card_is_refused_and_charges_nothing(
    router: Caller, bob: Customer, model: str | None
) -> None:
    agent = runs.make_agent("by-model", manifest=BY_MODEL, now=runs.LONG_AGO)

    answer = router.post(run(agent, bob, usage={"input_tokens": 1}, event_id="e1", model=model))

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_model")
    assert answer.json()["errors"][0]["pointer"] == "/model"
    assert runs.wallet_of(bob).balance == runs.credits(1000)


def test_a_stated_price_is_charged_within_the_plans_bounds(router: Caller, bob: Customer) -> None:
    agent = runs.make_agent("stated", manifest=STATED, now=runs.LONG_AGO)
    event = run(agent, bob, usage={"api_call": 4}, prices={"api_call": "2.5"}, event_id="e1")

    answer = router.post(event)

    assert answer.json()["charged"]["credits"] == "10"
    assert router.post(event).headers["Idempotent-Replayed"] == "true"
    assert router.post(event | {"prices": {"api_call": "2"}}).json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("prices", [{}, {"api_call": "0.5"}, {"api_call": "10.1"}, {"other": "2"}, None])
def test_a_price_that_is_missing_or_out_of_bounds_is_refused(
    router: Caller, bob: Customer, prices: dict[str, str] | None
) -> None:
    agent = runs.make_agent("stated", manifest=STATED, now=runs.LONG_AGO)

    answer = router.post(run(agent, bob, usage={"api_call": 4}, prices=prices, event_id="e1"))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/prices/api_call"
    assert runs.wallet_of(bob).balance == runs.credits(1000)


def test_a_running_execution_is_metered_at_its_stated_price(router: Caller, bob: Customer) -> None:
    agent = runs.make_agent("stated", manifest=STATED, now=runs.LONG_AGO)
    execution = router.post(run(agent, bob, reserve=True), path=CHECK).json()["execution"]

    body = {"sequence": 1, "usage": {"api_call": 3}, "prices": {"api_call": "7"}}
    answer = router.post(body, path=f"/internal/executions/{execution}/meter").json()

    assert answer["metered"]["credits"] == "21"
