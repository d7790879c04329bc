"""Settlement, release and expiry contend for the same run, ten thousand times: one of them closes it."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from accounts.models import Customer
from billing.models import Earning, Execution
from billing.operations import executions, settlement
from billing.runs import Allowed, ExecutionClosedError, Report, Settled
from marketplace.models import Agent
from tests.support import races, runs
from tests.support.races import race, rush
from tests.support.runs import MONDAY, credits
from wallets.models import Hold, Transaction, Wallet

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("books"),
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

RUNS = 10_000
THREADS = 6
TTL_SECONDS = 60
# Few wallets, so that runs also contend for the money.
CUSTOMERS = 8
APART = dt.timedelta(milliseconds=1)

SETTLE, RELEASE, EXPIRE = "settle", "release", "expire"


def opened_at(number: int) -> dt.datetime:
    """Open runs a little apart, so that each has an instant at which it and no later one is overdue."""
    return MONDAY + number * APART


def overdue_at(number: int) -> dt.datetime:
    return opened_at(number) + dt.timedelta(seconds=TTL_SECONDS)


def reserve_all(agent: Agent, customers: list[Customer]) -> list[str]:
    def reserve(number: int) -> Allowed:
        payer = customers[number % CUSTOMERS]
        return runs.reserve(agent, payer, now=opened_at(number), ttl_seconds=TTL_SECONDS)

    found = rush(RUNS, THREADS, reserve)
    assert all(isinstance(each, Allowed) for each in found)
    return [each.execution or "" for each in found if isinstance(each, Allowed)]


def contend(reserved: list[str]) -> dict[str, list[Any]]:
    """Let the three contenders of each run loose side by side, in an order that differs from run to run."""
    steps: dict[str, Callable[[int], object]] = {
        SETTLE: lambda n: settlement.settle(
            report=Report(principal=runs.ROUTER, usage={"request": Decimal(1)}, execution=reserved[n]),
            now=overdue_at(n),
        ),
        RELEASE: lambda n: executions.release(execution=reserved[n], reason="", now=overdue_at(n)),
        EXPIRE: lambda n: executions.expire_due(now=overdue_at(n)),
    }
    shuffled = random.Random(0)
    order = [(name, n) for n in range(RUNS) for name in shuffled.sample(sorted(steps), k=3)]
    answers = rush(len(order), THREADS, lambda place: steps[order[place][0]](order[place][1]))
    found: dict[str, list[Any]] = {name: [None] * RUNS for name in steps}
    for (name, n), answer in zip(order, answers, strict=True):
        found[name][n] = answer
    return found


def test_ten_thousand_runs_have_one_end_each() -> None:
    agent = runs.make_agent()
    customers = [runs.make_customer(f"bob{n}", credits=RUNS * 50 // CUSTOMERS) for n in range(CUSTOMERS)]
    reserved = reserve_all(agent, customers)

    found = contend(reserved)
    # Whatever a sweep skipped because it was being closed is closed; the next one finds nothing.
    assert executions.expire_due(now=overdue_at(RUNS)) == 0

    states = dict(Execution.objects.values_list("public_id", "state"))
    holds = dict(Hold.objects.values_list("source_id", "state"))
    ends = Counter((holds[each], states[each]) for each in reserved)
    for number, each in enumerate(reserved):
        judge(holds[each], states[each], settled=found[SETTLE][number], released=found[RELEASE][number])
    # The sweeps say how many they closed, and who settles late charges what had been held.
    assert sum(found[EXPIRE]) == sum(state == "expired" for state in holds.values())
    assert set(ends) <= {("settled", "settled"), ("released", "released"), ("expired", "settled")}
    # A race that one contender always wins proves nothing.
    assert all(ends[end] > RUNS // 50 for end in ends), ends
    assert len(ends) == 3, ends
    charged = credits(50) * sum(state == "settled" for state in states.values())
    assert money(customers) == {"charged": charged, "held": 0, "balance": RUNS * credits(50) - charged}
    assert races.deadlocks() == 0


def judge(hold: str, state: str, *, settled: object, released: object) -> None:
    """Each contender was told what became of the run."""
    match state:
        case "settled":
            assert isinstance(settled, Settled), settled
            assert (settled.state, settled.charged, settled.replayed) == ("settled", credits(50), False)
            # A release that came too late is told so; one that found the run expired already, before the
            # late settlement, left it so.
            told = isinstance(released, ExecutionClosedError)
            assert told or (released is None and hold == "expired"), released
            assert not told or released.extra == {"execution_status": "settled"}  # type: ignore[attr-defined]
        case "released":
            assert released is None, released
            assert isinstance(settled, ExecutionClosedError), settled
            assert settled.extra["execution_status"] == "released"
        case _:
            pytest.fail(f"{state} is no end of a run whose settlement came")


def money(customers: list[Customer]) -> dict[str, int]:
    """Sum what the wallets, the ledger and the executions say; they must agree."""
    wallets = Wallet.objects.filter(owner_type="consumer", owner_id__in=[each.pk for each in customers])
    held, balance = wallets.aggregate(held=Sum("held"), balance=Sum("balance")).values()
    charged = Execution.objects.aggregate(charged=Sum("charged"))["charged"]
    split = Execution.objects.aggregate(platform=Sum("platform_amount"))["platform"]
    assert charged == split + Earning.objects.aggregate(earned=Sum("amount"))["earned"]
    assert Transaction.objects.filter(kind="settle").count() * credits(50) == charged
    return {"charged": charged, "held": held, "balance": balance}


def test_a_deadlock_would_have_been_counted() -> None:
    """The proof that `deadlocks` sees one: two transactions that lock two rows crosswise."""
    both = [runs.wallet_of(runs.make_customer(name)).pk for name in ("bob", "carol")]

    def lock_crosswise(number: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for wallet in both if number else reversed(both):
                cursor.execute("SELECT 1 FROM wallets_wallet WHERE id = %s FOR UPDATE", [wallet])
                cursor.execute("SELECT pg_sleep(0.2)")

    assert sum(isinstance(each, Exception) for each in race(2, lock_crosswise)) == 1
    assert races.deadlocks() == 1
