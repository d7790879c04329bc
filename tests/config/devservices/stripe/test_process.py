"""The stand-in as a process: concurrency, restart, SIGKILL."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import stripe

from config.devservices.stripe.server import StandIn
from tests.config.devservices.stripe.conftest import Sim, connect

ROOT = Path(__file__).parents[4]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(data: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "config.devservices.stripe", "--port", str(port), "--data", str(data)]
    with subprocess.Popen(
        [*argv, "--pending-days", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert "Stripe stand-in" in child.stdout.readline()
        yield child
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=5) in (0, -signal.SIGKILL)


def test_data_survive_a_kill_and_the_key_still_replays(data: Path) -> None:
    port = free_port()
    client = connect(f"http://127.0.0.1:{port}")
    params: Any = {"email": "a@example.com"}
    with process(data, port) as child:
        customer = client.v1.customers.create(params, {"idempotency_key": "k"})
        child.kill()
        child.wait()
    started = time.monotonic()
    with process(data, port):
        assert time.monotonic() - started < 5
        again = client.v1.customers.create(params, {"idempotency_key": "k"})
        assert again.id == customer.id
        assert [c.id for c in client.v1.customers.list().data] == [customer.id]


def test_fifty_at_once_never_spend_more_than_there_is(
    standin: StandIn, sim: Sim, enabled_account: stripe.Account
) -> None:
    sim.post("/balance/topup", amount=3000)

    def transfer(number: int) -> str:
        try:
            connect(standin.url).v1.transfers.create(
                {"amount": 100, "currency": "usd", "destination": enabled_account.id},
                {"idempotency_key": f"payout:{number}"},
            )
        except stripe.InvalidRequestError as error:
            return str(error.code)
        return "sent"

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(transfer, range(50)))
    assert outcomes.count("sent") == 30
    assert outcomes.count("balance_insufficient") == 20
    balance = connect(standin.url).v1.balance.retrieve()
    assert balance.available[0].amount == 0


def test_fifty_payers_of_one_session_pay_it_once(standin: StandIn, sim: Sim, open_session: Any) -> None:
    session = open_session()
    url = f"{standin.url}/_sim/checkout/sessions/{session.id}/complete"
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: requests.post(url, json={}, timeout=20).status_code, range(50)))
    assert answers.count(200) == 1
    assert answers.count(400) == 49
    assert len(connect(standin.url).v1.charges.list().data) == 1
