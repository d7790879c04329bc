"""A plan that limits how many runs are open at a time: exactly so many are, whatever way they come (P8)."""

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from accounts.models import Customer
from billing.models import Execution, RunLimit
from billing.operations import executions, openings, payments
from billing.operations.subscriptions import cancelling
from billing.runs import Allowed, Blocked, Gate
from marketplace.models import Agent
from tests.support import plans, runs
from tests.support.checkout import NOW, pay
from tests.support.processes import StripeStandin
from tests.support.races import race

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("books"),
    pytest.mark.faults,
]
MOST = 10


@pytest.fixture
def bob(stripe_standin: StripeStandin) -> Customer:
    """Bob on the plan of 10 runs at a time, with credits for many more."""
    plans.on_sale()
    customer = runs.make_customer(credits=100_000)
    subscription = plans.attach(customer, "deployments")
    pay(stripe_standin, subscription.stripe_session_id)
    payments.fulfil(session_id=subscription.stripe_session_id, now=NOW)
    return customer


def reserve(agent: Agent, customer: Customer, now: dt.datetime = NOW, **changes: Any) -> Allowed | Blocked:
    return executions.reserve(opening=runs.opening(agent, customer, **changes), now=now)


def test_so_many_are_open_at_a_time_and_no_more(bob: Customer) -> None:
    agent, carol = runs.make_agent(), runs.make_customer("carol", credits=10_000)
    found = race(40, lambda _: reserve(agent, bob))

    assert Counter(type(each) for each in found) == {Allowed: MOST, Blocked: 30}
    assert {each.gate for each in found if isinstance(each, Blocked)} == {Gate.CONCURRENCY}
    told = executions.check(opening=runs.opening(agent, bob), now=NOW)
    assert isinstance(told, Blocked)
    assert told.gate is Gate.CONCURRENCY
    assert isinstance(reserve(agent, carol), Allowed)

    opened = [each for each in found if isinstance(each, Allowed)]
    runs.charge_execution(str(opened[0].execution))
    executions.release(execution=str(opened[1].execution), reason="over", now=NOW)
    again = race(20, lambda _: reserve(agent, bob))
    assert Counter(type(each) for each in again) == {Allowed: 2, Blocked: 18}
    # What was never ended counts until it expires, and not until somebody sweeps.
    later = max(Execution.objects.values_list("expires_at", flat=True))
    assert isinstance(reserve(agent, bob, now=later), Allowed)


def test_a_duplicate_of_the_last_one_is_a_replay(bob: Customer) -> None:
    agent = runs.make_agent()
    for _ in range(MOST - 1):
        reserve(agent, bob)

    found = race(8, lambda _: reserve(agent, bob, key="the-last", fingerprint=b"x" * 32))

    assert [each for each in found if not isinstance(each, Allowed)] == []
    assert len({each.execution for each in found if isinstance(each, Allowed)}) == 1


def test_a_batch_is_told_run_by_run(bob: Customer) -> None:
    agent, carol = runs.make_agent(), runs.make_customer("carol", credits=10_000)
    asked = [runs.opening(agent, who) for who in (*([bob] * 12), carol)]

    found = race(3, lambda _: openings.reserve_many(openings=asked, now=NOW))

    assert not any(isinstance(batch, Exception) for batch in found)
    flat = [each for batch in found if isinstance(batch, list) for each in batch]
    assert Counter(type(each) for each in flat) == {Allowed: MOST + 3, Blocked: 3 * 12 - MOST}
    checked = openings.check_many(openings=asked, now=NOW)
    assert [type(each) for each in checked] == [*([Blocked] * 12), Allowed]


def test_the_limit_leaves_with_the_plan(bob: Customer) -> None:
    agent = runs.make_agent()
    assert RunLimit.objects.get(customer=bob).most == MOST
    for _ in range(MOST):
        reserve(agent, bob)
    (subscription,) = bob.subscriptions.filter(state="active")

    cancelling.at_once(subscription_id=subscription.pk, actor="bob", now=NOW)

    assert not RunLimit.objects.exists()
    assert isinstance(reserve(agent, bob), Allowed)
