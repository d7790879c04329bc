"""Many routers at the end of a quota: exactly the quota passes, whatever way they come."""

import datetime as dt
import threading
from collections import Counter
from decimal import Decimal

import pytest

from accounts import customers
from accounts.models import Customer
from billing.models import Execution
from billing.operations import executions, openings, settlement
from billing.operations.settlement import QuotaExceededError
from billing.runs import Allowed, Blocked, ExecutionClosedError, Report, Settled
from marketplace.models import Agent
from tests.support import ledger, runs
from tests.support.races import race
from tests.support.runs import FREE, MONDAY, PER_REQUEST, ROUTER, credits
from wallets import quotas
from wallets.ledger import Source
from wallets.models import Wallet

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("books"),
    pytest.mark.faults,
]
UNIT = "EXECUTION"
ONE = credits(1)


def plan(*, included: int, manifest: str = FREE, bought: int = 0) -> tuple[Agent, Customer, Wallet]:
    """A feature whose runs count, and a customer with so many of them."""
    agent = runs.make_agent(manifest=manifest, quota_unit=UNIT)
    bob = runs.make_customer(credits=bought)
    quotas.grant(
        customer_id=bob.pk,
        unit=UNIT,
        amount=included * ONE,
        source=Source("period", "1"),
        expires_at=MONDAY + dt.timedelta(days=31),
        now=MONDAY,
    )
    return agent, bob, Wallet.objects.get(owner_type="consumer", unit=UNIT)


def settle(reserved: Allowed) -> Settled:
    """Settle a run that read nothing."""
    report = Report(execution=reserved.execution, usage={}, principal=ROUTER)
    return settlement.settle(report=report, now=MONDAY)


def test_100_in_flight_at_the_100th_unit_and_exactly_the_quota_passes() -> None:
    agent, bob, wallet = plan(included=100)
    before = [runs.reserve(agent, bob) for _ in range(90)]
    opening = runs.opening(agent, bob)
    found = race(100, lambda _: executions.reserve(opening=opening, now=MONDAY))

    assert Counter(type(each) for each in found) == {Allowed: 10, Blocked: 90}
    race(100, lambda n: settle([*before, *(each for each in found if isinstance(each, Allowed))][n]))
    wallet.refresh_from_db()
    assert (wallet.balance, wallet.held) == (0, 0)
    assert Execution.objects.filter(state="settled", quota_used=ONE).count() == 100


def test_100_reports_without_a_reserve_take_exactly_the_quota() -> None:
    agent, bob, wallet = plan(included=37, manifest=PER_REQUEST, bought=10_000)
    found = race(100, lambda n: runs.charge(agent, bob, f"e{n}"))

    assert Counter(type(each) for each in found) == {Settled: 37, QuotaExceededError: 63}
    wallet.refresh_from_db()
    assert (wallet.balance, runs.wallet_of(bob).balance) == (0, credits(10_000 - 37 * 50))


def test_credits_and_quota_in_any_order_of_locks_never_deadlock() -> None:
    """The quota's row is older than the wallet of credits for one customer, newer for the other; all ways at once."""
    agent, bob, wallet = plan(included=400, manifest=PER_REQUEST, bought=100_000)
    quota_first = customers.open_customer(name="Early", email="early@example.com", now=MONDAY)
    quotas.open_quota(customer_id=quota_first.pk, unit=UNIT, now=MONDAY)
    ledger.buy(runs.wallet_of(quota_first), cents=10_000, payment="pi_early")
    quotas.grant(
        customer_id=quota_first.pk,
        unit=UNIT,
        amount=400 * ONE,
        source=Source("period", "2"),
        expires_at=None,
        now=MONDAY,
    )

    def play(number: int) -> object:
        customer = (bob, quota_first)[number % 2]
        if number % 4 == 0:
            return runs.charge(agent, customer, f"e{number}")
        if number % 4 == 1:
            reserved = runs.reserve(agent, customer)
            executions.release(execution=str(reserved.execution), reason="a test", now=MONDAY)
            return reserved
        if number % 4 == 2:
            return runs.settle(runs.reserve(agent, customer))
        asked = [runs.opening(agent, each) for each in (bob, quota_first, bob)]
        opened = openings.reserve_many(openings=asked, now=MONDAY)
        reports = [
            Report(execution=each.execution, usage={"request": Decimal(1)}, principal=ROUTER)
            for each in reversed(opened)
            if isinstance(each, Allowed)
        ]
        return settlement.settle_many(reports=reports, now=MONDAY)

    found = race(40, play)

    assert not [each for each in found if isinstance(each, Exception)]
    wallet.refresh_from_db()
    assert wallet.held == 0


def test_settle_against_expiry_leaves_one_end_of_the_quota() -> None:
    agent, bob, wallet = plan(included=20)
    late = MONDAY + dt.timedelta(hours=1)
    reserved = [runs.reserve(agent, bob) for _ in range(20)]
    started = threading.Event()

    def play(number: int) -> object:
        if number == 20:
            started.wait(5)
            return executions.expire_due(now=late)
        started.set()
        return settlement.settle(
            report=Report(execution=reserved[number].execution, usage={}, principal=ROUTER), now=late
        )

    found = race(21, play)

    assert not [
        each for each in found if isinstance(each, Exception) and not isinstance(each, ExecutionClosedError)
    ]
    wallet.refresh_from_db()
    assert wallet.held == 0
    used = sum(Execution.objects.values_list("quota_used", flat=True))
    assert wallet.balance == 20 * ONE - used
