"""Idempotency keys, as Stripe keeps them."""

import threading
from typing import Any

import pytest
import requests
import stripe

from config.devservices.stripe.server import StandIn
from tests.config.devservices.stripe.conftest import KEY, Sim

HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"}


def post(standin: StandIn, path: str, body: str, key: str, **headers: str) -> requests.Response:
    sent = {**HEADERS, "Idempotency-Key": key, **headers}
    return requests.post(standin.url + path, data=body, headers=sent, timeout=10)


def test_the_same_request_is_answered_again_and_done_once(
    standin: StandIn, client: stripe.StripeClient
) -> None:
    first = post(standin, "/v1/customers", "email=a@example.com", "k1")
    again = post(standin, "/v1/customers", "email=a@example.com", "k1")
    assert again.json() == first.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert len(client.v1.customers.list().data) == 1


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/customers", "email=other@example.com"), ("/v1/products", "name=Credits")]
)
def test_another_request_under_the_key_is_refused(standin: StandIn, path: str, body: str) -> None:
    post(standin, "/v1/customers", "email=a@example.com", "k1")
    other = post(standin, path, body, "k1")
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")


def test_the_sdk_raises_its_idempotency_error(client: stripe.StripeClient) -> None:
    client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"email": "b@example.com"}, {"idempotency_key": "k"})


def test_a_business_refusal_is_replayed_even_when_it_would_pass_now(
    standin: StandIn, sim: Sim, enabled_account: stripe.Account
) -> None:
    body = f"amount=500&currency=usd&destination={enabled_account.id}"
    first = post(standin, "/v1/transfers", body, "payout:1:1")
    assert first.json()["error"]["code"] == "balance_insufficient"
    sim.post("/balance/topup", amount=1000)
    again = post(standin, "/v1/transfers", body, "payout:1:1")
    assert (again.status_code, again.json()) == (400, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert post(standin, "/v1/transfers", body, "payout:1:2").status_code == 200


def test_a_declined_card_is_replayed(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    params: Any = {
        "amount": 500,
        "currency": "usd",
        "customer": customer.id,
        "payment_method": "pm_card_chargeDeclined",
        "confirm": True,
    }
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.create(params, {"idempotency_key": "decline"})
    assert len(client.v1.charges.list().data) == 1


def test_a_request_that_was_never_executed_frees_its_key(standin: StandIn) -> None:
    assert post(standin, "/v1/customers", "colour=red", "k1").status_code == 400
    assert post(standin, "/v1/customers", "email=a@example.com", "k1").status_code == 200


def test_keys_belong_to_an_account(
    client: stripe.StripeClient, enabled_account: stripe.Account, standin: StandIn
) -> None:
    ours = post(standin, "/v1/customers", "email=a@example.com", "k1")
    theirs = post(
        standin, "/v1/customers", "email=a@example.com", "k1", **{"Stripe-Account": enabled_account.id}
    )
    assert ours.json()["id"] != theirs.json()["id"]


def test_the_same_key_at_once_is_409_and_done_once(
    standin: StandIn, sim: Sim, client: stripe.StripeClient
) -> None:
    sim.post("/faults", kind="delay", path="/v1/customers", ms=400, count=1)
    answers: list[int] = []

    def send() -> None:
        answers.append(post(standin, "/v1/customers", "email=a@example.com", "k1").status_code)

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(200) == 1
    assert answers.count(409) == 4
    assert len(client.v1.customers.list().data) == 1


def test_a_key_is_forgotten_after_a_day(standin: StandIn, sim: Sim) -> None:
    first = post(standin, "/v1/customers", "email=a@example.com", "k1").json()
    sim.post("/clock/advance", seconds=86_399)
    assert post(standin, "/v1/customers", "email=a@example.com", "k1").json() == first
    sim.post("/clock/advance", seconds=2)
    assert post(standin, "/v1/customers", "email=a@example.com", "k1").json()["id"] != first["id"]


def test_a_key_can_be_too_long(standin: StandIn) -> None:
    assert post(standin, "/v1/customers", "email=a@example.com", "k" * 256).status_code == 400
