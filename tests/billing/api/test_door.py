"""The door of the money path: how many queries each hot call makes, and that what is remembered is never believed."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import keys
from accounts.keys import IssuedKey
from accounts.models import Customer
from billing.models import Execution
from config.kit import clock
from marketplace import listings, publishing
from marketplace.models import Agent
from tests.support import people, runs
from tests.support.callers import Caller
from tests.support.runs import credits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

CHECK, LOG, BALANCE = "/internal/usage/check", "/internal/usage/log", "/v1/wallet/balance"


@pytest.fixture
def issued() -> IssuedKey:
    """A router's key."""
    return people.router_key()


@pytest.fixture
def router(client: Client, issued: IssuedKey) -> Caller:
    """Call as a router."""
    return Caller(client, issued, CHECK)


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


def functions_called(call: Callable[[], Any]) -> list[str]:
    """Make a call; name what each of its queries asks, the clock of tests left out."""
    clock.now()
    with CaptureQueriesContext(connection) as queries:
        answer = call()
    assert answer.status_code in (200, 201), answer.content
    names = [
        "billing_still", "billing_reserve_many", "billing_reserve", "billing_settle", "billing_payer",
        "wallets_balance", "accounts_apikey", "marketplace_in_force", "billing_execution",
    ]  # fmt: skip
    asked_of = [[name for name in names if f"{name}(" in sql or f" {name} " in sql] for sql in _sql(queries)]
    return [" ".join(found) for found in asked_of]


def _sql(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries.captured_queries if "clock_offset" not in query["sql"]]


class TestQueries:
    def test_a_check_that_knows_key_and_price_is_one(
        self, router: Caller, agent: Agent, bob: Customer
    ) -> None:
        router.post(asked(agent, bob))
        found = functions_called(lambda: router.post(asked(agent, bob)))
        assert found == ["billing_still billing_payer"]

    def test_a_reserve_that_knows_key_and_price_is_one(
        self, router: Caller, agent: Agent, bob: Customer
    ) -> None:
        router.post(asked(agent, bob))
        found = functions_called(lambda: router.post(asked(agent, bob, reserve=True), key="k"))
        assert found == ["billing_still billing_reserve"]

    def test_a_subscribers_reserve_is_one(self, router: Caller, bob: Customer) -> None:
        agent = runs.make_agent("monthly", manifest=runs.SUBSCRIBED)
        runs.subscribe(bob, agent)
        clock.advance(by=runs.MONDAY + dt.timedelta(hours=1) - clock.now())
        router.post(asked(agent, bob))
        found = functions_called(lambda: router.post(asked(agent, bob, reserve=True)))
        assert found == ["billing_still billing_reserve"]

    def test_many_reserves_are_three(self, router: Caller, agent: Agent, bob: Customer) -> None:
        router.post(asked(agent, bob))
        body = {"checks": [asked(agent, bob, reserve=True)] * 3}
        found = functions_called(lambda: router.post(body))
        assert found == ["accounts_apikey", "marketplace_in_force", "billing_reserve_many"]

    def test_a_log_is_three(self, router: Caller, agent: Agent, bob: Customer) -> None:
        run = router.post(asked(agent, bob, reserve=True)).json()["execution"]
        body = {"execution": run, "usage": {"request": 1}}
        found = functions_called(lambda: router.post(body, path=LOG))
        assert found == ["accounts_apikey", "billing_execution", "billing_settle"]

    def test_a_balance_is_one(self, client: Client, bob: Customer) -> None:
        caller = Caller(client, people.customer_key(bob), BALANCE)
        caller.get()
        assert functions_called(caller.get) == ["wallets_balance accounts_apikey"]


class TestWhatIsRemembered:
    @pytest.mark.parametrize("changes", [{}, {"reserve": True}, {"surprise": 1}])
    def test_a_revoked_key_is_refused_at_once(
        self, router: Caller, issued: IssuedKey, agent: Agent, bob: Customer, changes: dict[str, Any]
    ) -> None:
        assert router.post(asked(agent, bob)).status_code == 200
        keys.revoke(key=issued.key, now=clock.now())
        answer = router.post(asked(agent, bob) | changes)
        assert (answer.status_code, answer.json()["code"]) == (401, "key_revoked")
        many = router.post({"checks": [asked(agent, bob, reserve=True)]})
        assert many.status_code == 401
        assert not Execution.objects.exists()

    def test_an_expired_key_is_refused_at_once(self, client: Client, agent: Agent, bob: Customer) -> None:
        issued = people.router_key(expires_at=clock.now() + dt.timedelta(seconds=30))
        router = Caller(client, issued, CHECK)
        assert router.post(asked(agent, bob)).status_code == 200
        clock.advance(by=dt.timedelta(seconds=31))
        assert router.post(asked(agent, bob, reserve=True)).json()["code"] == "key_expired"

    def test_a_revoked_consumers_key_reads_no_balance(self, client: Client, bob: Customer) -> None:
        issued = people.customer_key(bob)
        caller = Caller(client, issued, BALANCE)
        assert caller.get().status_code == 200
        keys.revoke(key=issued.key, now=clock.now())
        assert caller.get().status_code == 401

    def test_a_new_price_holds_for_the_next_run(self, router: Caller, agent: Agent, bob: Customer) -> None:
        router.post(asked(agent, bob, reserve=True))
        dearer = runs.PER_REQUEST.replace("50", "70")
        publishing.publish(agent=agent, manifest=dearer, actor="test", now=clock.now())
        for reserve in (False, True):
            body = router.post(asked(agent, bob, reserve=reserve)).json()
            assert body["estimate"]["credits"] == "70"
        assert runs.wallet_of(bob).held == credits(120)

    def test_an_agent_that_was_withdrawn_takes_no_run(
        self, router: Caller, agent: Agent, bob: Customer
    ) -> None:
        router.post(asked(agent, bob, reserve=True))
        listings.unpublish(agent=agent, actor="test", now=clock.now())
        for reserve in (False, True):
            assert router.post(asked(agent, bob, reserve=reserve)).status_code == 404

    def test_a_subscription_that_ended_asks_for_another(self, router: Caller, bob: Customer) -> None:
        agent = runs.make_agent("monthly", manifest=runs.SUBSCRIBED)
        runs.subscribe(bob, agent)
        clock.advance(by=runs.MONDAY + dt.timedelta(hours=1) - clock.now())
        assert router.post(asked(agent, bob, reserve=True)).json()["allowed"]
        clock.advance(by=dt.timedelta(days=40))
        body = router.post(asked(agent, bob, reserve=True)).json()
        assert (body["allowed"], body["blocking_gate"]) == (False, "subscription_required")

    def test_strangers_and_short_wallets_are_told_so(
        self, router: Caller, agent: Agent, bob: Customer
    ) -> None:
        router.post(asked(agent, bob))
        for reserve in (False, True):
            missing = router.post(asked(agent, bob, reserve=reserve, caller="nobody"))
            assert (missing.status_code, missing.json()["code"]) == (404, "customer_not_found")
            short = router.post(asked(agent, bob, reserve=reserve, max_charge="1000.5")).json()
            assert (short["blocking_gate"], short["shortfall"]["credits"]) == ("wallet", "0.5")
