"""A stand-in in a thread, judged by the SDK's types at every request, and what tests hold it with."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from config.devservices.stripe.server import StandIn
from tests.config.devservices.stripe import contract

KEY = "sk_test_" + "4" * 32
API_VERSION: Any = "2026-08-26.dahlia"
EXPRESS: dict[str, Any] = {
    "fees": {"payer": "application"},
    "losses": {"payments": "application"},
    "requirement_collection": "stripe",
    "stripe_dashboard": {"type": "express"},
}


@dataclass
class Sim:
    """The control API."""

    url: str

    def post(self, path: str, /, **body: Any) -> Any:
        """Use a control that must succeed."""
        answer = requests.post(f"{self.url}/_sim{path}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        """Read a control."""
        return requests.get(f"{self.url}/_sim{path}", timeout=10).json()

    def delete(self, path: str) -> Any:
        """Clear with a control."""
        return requests.delete(f"{self.url}/_sim{path}", timeout=10).json()


@dataclass
class Hooks:
    """A web server that takes webhooks, as the application would."""

    url: str = ""
    status: int = 200
    received: list[tuple[str, Any, dict[str, str], bytes]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Keep one webhook and say how to answer it."""
        with self.arrived:
            self.received.append((path, json.loads(body), headers, body))
            self.arrived.notify_all()
            return self.status

    def of_type(self, name: str) -> list[Any]:
        """Return the events of a type."""
        return [event for _, event, _, _ in self.received if event["type"] == name]

    def wait(self, name: str, *, count: int = 1) -> Any:
        """Wait for events of a type and return the last."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.of_type(name)) >= count, timeout=8), (
                f"{name}: only {len(self.of_type(name))} of {count}"
            )
        return self.of_type(name)[-1]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "stripe.sqlite"


@pytest.fixture
def standin(data: Path) -> Iterator[StandIn]:
    problems: list[str] = []

    def observe(method: str, path: str, body: Any) -> None:
        problems.extend(f"{method} {path}: {problem}" for problem in contract.answer_problems(body))

    running = StandIn(data=data, check=contract.request_problems, observe=observe, backoff_seconds=0.05)
    with running:
        yield running
    assert sorted(set(problems)) == []


@pytest.fixture
def client(standin: StandIn) -> stripe.StripeClient:
    return connect(standin.url)


def connect(url: str, *, retries: int = 0) -> stripe.StripeClient:
    """Return the real SDK's client, pointed at a stand-in."""
    return stripe.StripeClient(KEY, base_addresses={"api": url}, max_network_retries=retries)


@pytest.fixture
def sim(standin: StandIn) -> Sim:
    return Sim(standin.url)


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    taken = Hooks()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(taken.take(self.path, dict(self.headers.items()), body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    taken.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield taken
    server.shutdown()
    server.server_close()


@pytest.fixture
def platform_endpoint(client: stripe.StripeClient, hooks: Hooks) -> stripe.WebhookEndpoint:
    return client.v1.webhook_endpoints.create(
        {"url": f"{hooks.url}/platform", "enabled_events": ["*"], "api_version": API_VERSION}
    )


@pytest.fixture
def connect_endpoint(client: stripe.StripeClient, hooks: Hooks) -> stripe.WebhookEndpoint:
    return client.v1.webhook_endpoints.create(
        {"url": f"{hooks.url}/connect", "enabled_events": ["*"], "connect": True, "api_version": API_VERSION}
    )


@pytest.fixture
def customer(client: stripe.StripeClient) -> stripe.Customer:
    return client.v1.customers.create({"email": "bob@example.com", "name": "Bob", "metadata": {"ours": "7"}})


@pytest.fixture
def open_session(client: stripe.StripeClient, customer: stripe.Customer) -> Callable[..., Any]:
    def build(amount: int = 1000, **more: Any) -> stripe.checkout.Session:
        product = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Credits"}}
        params: Any = {
            "mode": "payment",
            "customer": customer.id,
            "success_url": "http://127.0.0.1:9/done?s={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://127.0.0.1:9/back",
            "client_reference_id": "topup-1",
            "line_items": [{"quantity": 1, "price_data": product}],
            "payment_intent_data": {"setup_future_usage": "off_session", "metadata": {"topup": "1"}},
            "metadata": {"topup": "1"},
        }
        return client.v1.checkout.sessions.create(params | more)

    return build


@pytest.fixture
def account(client: stripe.StripeClient) -> stripe.Account:
    params: Any = {
        "country": "US",
        "email": "alice@example.com",
        "controller": EXPRESS,
        "capabilities": {"transfers": {"requested": True}},
        "metadata": {"creator": "3"},
    }
    return client.v1.accounts.create(params)


@pytest.fixture
def enabled_account(account: stripe.Account, sim: Sim) -> stripe.Account:
    sim.post(f"/accounts/{account.id}", state="enable")
    return account
