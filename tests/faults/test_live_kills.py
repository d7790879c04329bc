"""SIGKILL of web, worker, broker and PostgreSQL under load: what was acknowledged is there, once."""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
from django.db.models import Count

from billing.models import Execution, TopUp, UsageEventKey
from billing.operations import checkouts
from config.kit import clock
from tests import conftest
from tests.support import people, runs
from tests.support.checkout import pay
from tests.support.crews import Crew, crew
from tests.support.loads import Client
from tests.support.processes import StripeStandin, eventually
from tests.support.runs import credits
from wallets import books
from wallets.models import Transaction

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]

CLIENTS: Final = 4
# Answers between two kills: how long they take says nothing.
ANSWERS_BETWEEN: Final = 12
DOWN_SECONDS: Final = 0.5
CREDITS: Final = 10_000_000
# Beat's sweeps of what a lost job left: each 15 seconds, of what is half a minute old.
# On a busy machine that takes longer.
ONE_SWEEP_SECONDS: Final = 180.0
CASH_AT_STRIPE: Final = "cash at Stripe is on Stripe's lines"


@pytest.fixture
def killable(
    transactional_db: None, stripe_standin: StripeStandin, child_environment: dict[str, str], tmp_path: Path
) -> Iterator[Crew]:
    """Run an instance of its own, PostgreSQL included."""
    with crew(conftest.databases.cluster, child_environment, tmp_path) as made:
        yield made


def test_what_was_acknowledged_outlives_every_part(killable: Crew, stripe_standin: StripeStandin) -> None:
    clients = hire(killable.url)
    stop = threading.Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        working = [pool.submit(client.works, stop) for client in clients]
        try:
            for part in ("web", "worker", "valkey", "postgres"):
                works_on(clients)
                killable.kill(part)
                time.sleep(DOWN_SECONDS)
                killable.start(part)
            works_on(clients)
        finally:
            stop.set()
        for work in working:
            work.result()

    # A process that died in a checkout kept its turn for so long.
    clock.advance(by=dt.timedelta(seconds=checkouts.CALL_SECONDS_MAX))
    assert [wrong for client in clients for wrong in client.repeats()] == []
    for client in clients:
        client.finishes()
    assert_each_effect_once(clients)
    for session_id in TopUp.objects.values_list("stripe_session_id", flat=True):
        pay(stripe_standin, session_id)
    try:
        eventually(lambda: not stuck(), seconds=ONE_SWEEP_SECONDS)
    except AssertionError:
        pytest.fail(f"Stuck longer than one sweep: {stuck()}")
    assert_each_purchase_once()
    # The clients' first credits were booked without a payment at Stripe.
    broken = books.violations(now=clock.now(), timely=True)
    assert [found for found in broken if found.name != CASH_AT_STRIPE] == []


def works_on(clients: list[Client]) -> None:
    """Wait until so many more requests were acknowledged."""
    before = acknowledged(clients)
    eventually(lambda: acknowledged(clients) >= before + ANSWERS_BETWEEN, seconds=ONE_SWEEP_SECONDS)


def acknowledged(clients: list[Client]) -> int:
    """Count the requests that were answered."""
    return sum(asked.answer is not None for client in clients for asked in list(client.asked))


def hire(url: str) -> list[Client]:
    """Make the clients, with an agent of 50 credits a request."""
    agent, router = runs.make_agent(), people.router_key()
    hired = []
    for number in range(CLIENTS):
        customer = runs.make_customer(f"bob{number}", credits=CREDITS)
        buyer = people.customer_key(customer)
        hired.append(Client(url, number, router.secret, buyer.secret, customer.public_id, agent.slug))
    return hired


def assert_each_effect_once(clients: list[Client]) -> None:
    """Compare what the clients know with what is there."""
    asked = [one for client in clients for one in client.asked]
    logs = [one for one in asked if one.path == "/internal/usage/log"]
    executions = [str((one.answer or {}).get("execution")) for one in logs]
    settled = Execution.objects.filter(state=Execution.State.SETTLED)
    assert sorted(settled.values_list("public_id", flat=True)) == sorted(executions)
    assert not Execution.objects.exclude(state=Execution.State.SETTLED).exists()
    assert set(settled.values_list("charged", flat=True)) == {credits(50)}
    twice = UsageEventKey.objects.values("execution").annotate(keys=Count("event_id")).filter(keys__gt=1)
    assert not twice.exists()
    bought = [one for one in asked if one.path == "/v1/wallet/topup"]
    assert sorted(TopUp.objects.values_list("public_id", flat=True)) == sorted(
        str((one.answer or {}).get("id")) for one in bought
    )


def assert_each_purchase_once() -> None:
    """Each top-up was credited by one transaction of its own."""
    paid = TopUp.objects.filter(status=TopUp.Status.PAID).values_list("payment_intent_id", flat=True)
    ours = Transaction.objects.filter(kind="topup", actor="job:billing.fulfil_checkout")
    assert sorted(ours.values_list("source_id", flat=True)) == sorted(map(str, paid))


def stuck() -> dict[str, int]:
    """Count what is not paid, posted or sealed yet."""
    waiting = {
        "top-ups": TopUp.objects.exclude(status=TopUp.Status.PAID),
        "runs to post": Execution.objects.filter(state=Execution.State.SETTLED, posting=None),
        "transactions to seal": Transaction.objects.filter(seal=None),
    }
    return {name: rows.count() for name, rows in waiting.items() if rows.exists()}
