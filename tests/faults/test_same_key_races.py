"""A hundred requests under one Idempotency-Key at once, over HTTP: one effect, and the same bytes for everybody."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.keys import IssuedKey
from accounts.models import Customer
from billing.models import Execution, TopUp
from billing.stripe.client import client
from tests.support import people, runs
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.races import race
from tests.support.runs import credits
from wallets.models import Hold, Transaction

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("books", "no_deadlocks"),
    pytest.mark.faults,
]

REQUESTS = 100
CHECK = "/internal/usage/check"
LOG = "/internal/usage/log"
TOP_UP = "/v1/wallet/topup"


def poster(issued: IssuedKey, path: str, *, key: str = "k1") -> Callable[..., Any]:
    """Make a caller that posts a body under one key, each time from a client of its own."""
    headers = people.bearer(issued) | ({"Idempotency-Key": key} if key else {})
    return lambda body: Client().post(path, body, content_type="application/json", headers=headers)


def answers_of(found: list[Any]) -> list[Any]:
    assert not [each for each in found if isinstance(each, Exception)]
    return found


def assert_one_answer(found: list[Any], *, status: int) -> None:
    """Everybody got the same bytes, and all but one were told that it is a replay."""
    assert Counter(each.status_code for each in answers_of(found)) == {status: REQUESTS}
    assert len({each.content for each in found}) == 1
    assert sum("Idempotent-Replayed" in each.headers for each in found) == REQUESTS - 1


@pytest.fixture
def bob() -> Customer:
    """A consumer with 1,000 credits."""
    return runs.make_customer(credits=1_000)


def test_they_reserve_one_run(bob: Customer) -> None:
    agent = runs.make_agent()
    body = {"agent": agent.slug, "caller": bob.public_id, "usage": {"request": 1}, "reserve": True}
    post = poster(people.router_key(), CHECK)

    found = race(REQUESTS, lambda _: post(body))

    assert_one_answer(found, status=200)
    assert Execution.objects.count() == Hold.objects.count() == 1
    assert runs.wallet_of(bob).held == credits(50)


def test_they_settle_one_run(bob: Customer) -> None:
    reserved = runs.reserve(runs.make_agent(), bob)
    post = poster(people.router_key(), LOG)

    found = race(REQUESTS, lambda _: post({"execution": reserved.execution, "usage": {"request": 1}}))

    assert_one_answer(found, status=201)
    assert Transaction.objects.filter(kind="settle").count() == 1
    assert (runs.wallet_of(bob).balance, runs.wallet_of(bob).held) == (credits(950), 0)


@pytest.mark.parametrize(("key", "event_id"), [("k1", None), ("", "e1"), ("k1", "e1")])
def test_they_charge_one_run_that_was_not_reserved(bob: Customer, key: str, event_id: str | None) -> None:
    agent = runs.make_agent()
    body = {"agent": agent.slug, "caller": bob.public_id, "usage": {"request": 1}}
    post = poster(people.router_key(), LOG, key=key)

    found = race(REQUESTS, lambda _: post(body | ({"event_id": event_id} if event_id else {})))

    assert_one_answer(found, status=201)
    assert Execution.objects.count() == Transaction.objects.filter(kind="settle").count() == 1
    assert runs.wallet_of(bob).balance == credits(950)


def test_they_log_each_event_of_a_batch_once(bob: Customer) -> None:
    agent = runs.make_agent()
    event = {"agent": agent.slug, "caller": bob.public_id, "usage": {"request": 1}}
    post = poster(people.router_key(), LOG)

    found = race(REQUESTS, lambda _: post({"events": [event] * 5}))

    # A batch counts what it charged and what it replayed, so the first answer differs in these two numbers only.
    told = [each.json() for each in answers_of(found)]
    assert Counter((each["charged"], each["replayed"], each["refused"]) for each in told) == {
        (5, 0, 0): 1,
        (0, 5, 0): REQUESTS - 1,
    }
    assert all(each["results"] == told[0]["results"] for each in told)
    assert runs.wallet_of(bob).balance == credits(750)


def test_under_one_key_another_body_is_refused_while_the_first_is_on_its_way(bob: Customer) -> None:
    agent = runs.make_agent()
    post = poster(people.router_key(), LOG)

    def charge(number: int) -> Any:
        body = {"agent": agent.slug, "caller": bob.public_id, "usage": {"request": 1 + number % 2}}
        return post(body)

    found = race(REQUESTS, charge)

    assert Counter(each.status_code for each in answers_of(found)) == {201: 50, 422: 50}
    assert len({each.content for each in found if each.status_code == 201}) == 1  # type: ignore[union-attr]
    assert Execution.objects.count() == 1


def test_they_open_one_checkout(stripe_standin: StripeStandin) -> None:
    post = poster(people.customer_key(open_customer()), TOP_UP)
    stripe_standin.post("/_sim/faults", kind="delay", ms=300, path="/v1/checkout/sessions", count=1)

    found = race(REQUESTS, lambda _: post({"amount_usd": "10.00"}))

    # While Stripe is being asked the others are told to come again; then they get the first one's bytes.
    statuses = Counter(each.status_code for each in answers_of(found))
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    again = [post({"amount_usd": "10.00"}) for _ in range(statuses[409])]
    bodies = {each.content for each in [*found, *again] if each.status_code == 201}
    assert {each.status_code for each in again} <= {201}
    assert len(bodies) == 1
    assert TopUp.objects.count() == 1
    assert len(client().v1.checkout.sessions.list().data) == 1
