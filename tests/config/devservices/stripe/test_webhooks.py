"""Webhooks: signed, filtered, retried, at least once, and bent by faults."""

import time
from pathlib import Path
from typing import Any

import pytest
import stripe

from config.devservices.stripe.server import StandIn
from tests.config.devservices.stripe.conftest import API_VERSION, Hooks, Sim, connect


def test_the_sdk_verifies_the_signature(
    client: stripe.StripeClient, hooks: Hooks, platform_endpoint: stripe.WebhookEndpoint
) -> None:
    client.v1.customers.create({"email": "a@example.com"})
    hooks.wait("customer.created")
    _, _, headers, body = hooks.received[0]
    secret = str(platform_endpoint.secret)
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret)
    assert (event.type, event.api_version) == ("customer.created", API_VERSION)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, headers["Stripe-Signature"], "whsec_other")


def test_the_secret_is_shown_once(
    client: stripe.StripeClient, platform_endpoint: stripe.WebhookEndpoint
) -> None:
    assert str(platform_endpoint.secret).startswith("whsec_")
    assert "secret" not in client.v1.webhook_endpoints.retrieve(platform_endpoint.id)
    assert "secret" not in client.v1.webhook_endpoints.list().data[0]


def test_endpoints_get_only_what_they_asked_for(client: stripe.StripeClient, hooks: Hooks) -> None:
    client.v1.webhook_endpoints.create(
        {
            "url": f"{hooks.url}/narrow",
            "enabled_events": ["product.created"],
            "metadata": {"djstripe_uuid": "u"},
        }
    )
    client.v1.customers.create({"email": "a@example.com"})
    client.v1.products.create({"name": "Credits"})
    hooks.wait("product.created")
    assert [event["type"] for _, event, _, _ in hooks.received] == ["product.created"]


def test_a_disabled_or_deleted_endpoint_gets_nothing(
    client: stripe.StripeClient, hooks: Hooks, sim: Sim, platform_endpoint: stripe.WebhookEndpoint
) -> None:
    client.v1.webhook_endpoints.update(platform_endpoint.id, {"disabled": True})
    client.v1.customers.create({"email": "a@example.com"})
    client.v1.webhook_endpoints.delete(platform_endpoint.id)
    client.v1.customers.create({"email": "b@example.com"})
    assert sim.get("/webhooks/deliveries")["data"] == []
    assert hooks.received == []


def test_a_failing_receiver_is_tried_again(
    client: stripe.StripeClient, hooks: Hooks, sim: Sim, platform_endpoint: Any
) -> None:
    hooks.status = 500
    client.v1.customers.create({"email": "a@example.com"})
    hooks.wait("customer.created", count=3)
    hooks.status = 200
    hooks.wait("customer.created", count=4)
    deadline = time.monotonic() + 5
    while (row := sim.get("/webhooks/deliveries")["data"][0])["state"] != "delivered":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert (row["type"], row["status"]) == ("customer.created", 200)
    assert row["attempts"] >= 4


def test_what_was_not_delivered_is_sent_after_a_restart(data: Path, hooks: Hooks) -> None:
    with StandIn(data=data, backoff_seconds=30) as first:
        client = connect(first.url)
        client.v1.webhook_endpoints.create({"url": f"{hooks.url}/p", "enabled_events": ["customer.created"]})
        hooks.status = 503
        customer = client.v1.customers.create({"email": "a@example.com"})
        hooks.wait("customer.created")
    hooks.status = 200
    with StandIn(data=data) as second:
        event = hooks.wait("customer.created", count=2)
        assert event["data"]["object"]["id"] == customer.id
        assert connect(second.url).v1.customers.retrieve(customer.id).email == "a@example.com"


@pytest.mark.usefixtures("platform_endpoint")
@pytest.mark.parametrize(("fault", "count"), [({"kind": "duplicate", "copies": 4}, 5), ({"kind": "drop"}, 0)])
def test_faults_duplicate_and_drop(
    client: stripe.StripeClient, hooks: Hooks, sim: Sim, fault: Any, count: int
) -> None:
    sim.post("/faults", event="customer.*", **fault)
    client.v1.customers.create({"email": "a@example.com"})
    client.v1.products.create({"name": "Credits"})
    hooks.wait("product.created")
    if count:
        hooks.wait("customer.created", count=count)
    assert len(hooks.of_type("customer.created")) == count
    assert sim.get("/faults")["data"][0]["hits"] == 1


@pytest.mark.parametrize("fault", [{"kind": "reorder", "ms": 400}, {"kind": "delay", "ms": 400}])
def test_faults_let_later_events_overtake(
    client: stripe.StripeClient, hooks: Hooks, sim: Sim, platform_endpoint: Any, fault: Any
) -> None:
    sim.post("/faults", event="customer.created", **fault)
    customer = client.v1.customers.create({"email": "a@example.com"})
    client.v1.customers.update(customer.id, {"name": "Ann"})
    hooks.wait("customer.created")
    assert [event["type"] for _, event, _, _ in hooks.received] == ["customer.updated", "customer.created"]


def test_an_event_can_be_sent_again_stale_or_forged(
    client: stripe.StripeClient, hooks: Hooks, sim: Sim, platform_endpoint: stripe.WebhookEndpoint
) -> None:
    client.v1.customers.create({"email": "a@example.com"})
    event = hooks.wait("customer.created")
    assert sim.post("/webhooks/resend", event=event["id"], times=3)["queued"] == 3
    hooks.wait("customer.created", count=4)
    for count, tamper in ((5, "stale"), (6, "forged")):
        sim.post("/webhooks/resend", event=event["id"], tamper=tamper)
        hooks.wait("customer.created", count=count)
        _, _, headers, body = hooks.received[-1]
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body, headers["Stripe-Signature"], platform_endpoint.secret)
