"""Scripted faults of requests."""

from typing import Any

import pytest
import requests
import stripe

from config.devservices.stripe.server import StandIn
from tests.config.devservices.stripe.conftest import Sim, connect


def create(client: stripe.StripeClient, key: str = "k") -> stripe.Customer:
    return client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": key})


@pytest.mark.parametrize(
    ("kind", "effects", "error"),
    [
        ("error_before", 0, stripe.APIError),
        ("drop_before", 0, stripe.APIConnectionError),
        ("error_after", 1, stripe.APIError),
        ("drop_after", 1, stripe.APIConnectionError),
    ],
)
def test_a_fault_comes_before_or_after_the_effect(
    client: stripe.StripeClient, sim: Sim, kind: str, effects: int, error: type[Exception]
) -> None:
    sim.post("/faults", kind=kind, method="POST", path="/v1/customers")
    with pytest.raises(error):
        create(client)
    assert len(client.v1.customers.list().data) == effects
    assert create(client).email == "a@example.com"
    assert len(client.v1.customers.list().data) == 1


def test_a_sticky_500_is_replayed_as_stripe_replays_its_own(client: stripe.StripeClient, sim: Sim) -> None:
    sim.post("/faults", kind="error_after", path="/v1/customers", sticky=True)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            create(client)
    assert len(client.v1.customers.list().data) == 1


def test_a_rate_limit_has_its_own_error(client: stripe.StripeClient, sim: Sim) -> None:
    sim.post("/faults", kind="status", status=429, path="/v1/customers")
    with pytest.raises(stripe.RateLimitError):
        create(client)


def test_faults_match_method_and_path_and_count_their_hits(client: stripe.StripeClient, sim: Sim) -> None:
    sim.post("/faults", kind="error_before", method="POST", path="/v1/prod*", count=2)
    create(client)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.products.create({"name": "Credits"})
    client.v1.products.create({"name": "Credits"})
    (fault,) = sim.get("/faults")["data"]
    assert (fault["hits"], fault["remaining"]) == (2, 0)


def test_a_fault_without_a_count_lasts_until_cleared(client: stripe.StripeClient, sim: Sim) -> None:
    sim.post("/faults", kind="error_before", count=0)
    for _ in range(3):
        with pytest.raises(stripe.APIError):
            create(client)
    assert sim.delete("/faults")["data"] == []
    create(client)


def test_the_sdk_gets_over_a_500_by_itself(standin: StandIn, sim: Sim) -> None:
    sim.post("/faults", kind="error_after", path="/v1/customers")
    customer = connect(standin.url, retries=2).v1.customers.create({"email": "a@example.com"})
    assert [c.id for c in connect(standin.url).v1.customers.list().data] == [customer.id]


@pytest.mark.parametrize(
    "rule", [{"kind": "explode"}, {}, {"kind": "delay", "colour": "red"}, {"kind": "decline", "event": "x"}]
)
def test_a_fault_that_makes_no_sense_is_refused(sim: Sim, rule: Any) -> None:
    assert requests.post(f"{sim.url}/_sim/faults", json=rule, timeout=10).status_code == 400
    assert sim.get("/faults")["data"] == []
