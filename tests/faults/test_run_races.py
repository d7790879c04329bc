"""Many routers at once: exactly what the wallet covers, exactly one end of each run, one answer per key."""

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import transaction

from accounts.models import Customer
from billing.models import Execution
from billing.operations import executions, posting, settlement
from billing.runs import Allowed, Blocked, ExecutionClosedError, Report, Settled
from config.kit.errors import KeyReusedError
from marketplace.models import Agent
from tests.support import runs
from tests.support.races import race
from tests.support.runs import MONDAY, credits
from wallets.calls import InsufficientCreditsError

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("books"),
    pytest.mark.faults,
]


def test_200_threads_reserve_from_a_wallet_that_covers_100() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=5_000)
    opening = runs.opening(agent, bob)
    found = race(200, lambda _: executions.reserve(opening=opening, now=MONDAY))
    assert Counter(type(each) for each in found) == {Allowed: 100, Blocked: 100}
    assert Execution.objects.count() == 100
    wallet = runs.wallet_of(bob)
    assert (wallet.balance, wallet.held) == (credits(5_000), credits(5_000))


def test_50_reserve_under_one_key_and_get_one_answer() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=5_000)
    opening = runs.opening(agent, bob, key="k", fingerprint=b"same")
    found = race(50, lambda _: executions.reserve(opening=opening, now=MONDAY))
    answers = [each for each in found if isinstance(each, Allowed)]
    assert len(answers) == 50, found
    assert len({(each.execution, each.hold, each.available) for each in answers}) == 1
    assert sum(not each.replayed for each in answers) == 1
    assert runs.wallet_of(bob).held == credits(50)


def test_under_one_key_with_two_bodies_one_body_wins() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=5_000)

    def reserve(number: int) -> Allowed | Blocked:
        opening = runs.opening(agent, bob, key="k", fingerprint=b"ab"[number % 2 : number % 2 + 1])
        return executions.reserve(opening=opening, now=MONDAY)

    found = Counter(type(each) for each in race(40, reserve))
    assert found == {Allowed: 20, KeyReusedError: 20}
    assert Execution.objects.count() == 1


def test_a_key_on_an_empty_wallet_never_leaves_a_row() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=50)
    runs.reserve(agent, bob)
    opening = runs.opening(agent, bob, key="k", fingerprint=b"same")
    found = race(20, lambda _: executions.reserve(opening=opening, now=MONDAY))
    assert {type(each) for each in found} == {Blocked}
    assert Execution.objects.count() == 1


def test_the_same_settlement_50_times_at_once_charges_once() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=5_000)
    reserved = runs.reserve(agent, bob)
    found = race(50, lambda _: runs.settle(reserved, event_id="e1"))
    settled = [each for each in found if isinstance(each, Settled)]
    assert len(settled) == 50, found
    assert sum(not each.replayed for each in settled) == 1
    assert runs.wallet_of(bob).balance == credits(4_950)


def test_two_routers_settle_one_run_differently_and_one_wins() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=5_000)
    reserved = runs.reserve(agent, bob, max_charge=credits(500))
    found = race(10, lambda n: runs.settle(reserved, requests=n + 1))
    assert Counter(type(each) for each in found) == {Settled: 1, ExecutionClosedError: 9}


def test_settle_release_and_expiry_at_once_leave_one_end() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=5_000)
    late = MONDAY + dt.timedelta(minutes=2)
    for _ in range(5):
        reserved = runs.reserve(agent, bob, ttl_seconds=60)
        execution = reserved.execution or ""
        steps: list[Callable[[], object]] = [
            lambda: runs.settle(reserved, now=late),  # noqa: B023
            lambda: executions.release(execution=execution, reason="", now=late),  # noqa: B023
            lambda: executions.expire_due(now=late),
        ]
        race(9, lambda n: steps[n % 3]())  # noqa: B023
        run = Execution.objects.get(public_id=execution)
        assert run.state in {"settled", "released", "expired"}
    assert runs.wallet_of(bob).held == 0
    charged = sum(Execution.objects.values_list("charged", flat=True))
    assert runs.wallet_of(bob).balance == credits(5_000) - charged


def test_direct_charges_at_once_never_overdraw() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    found = race(40, lambda n: runs.charge(agent, bob, f"e{n}"))
    assert Counter(type(each) for each in found) == {Settled: 20, InsufficientCreditsError: 20}
    assert runs.wallet_of(bob).balance == 0


def test_one_event_id_charged_for_two_customers_at_once_charges_one() -> None:
    agent = runs.make_agent()
    both = [runs.make_customer(name, credits=1_000) for name in ("bob", "carol")]
    found = race(20, lambda n: runs.charge(agent, both[n % 2], "e1"))
    assert Counter(type(each) for each in found) == {Settled: 10, KeyReusedError: 10}
    assert sum(runs.wallet_of(each).balance for each in both) == credits(1_950)


def _direct(agent: Agent, customer: Customer, event_id: str) -> Report:
    return Report(
        principal=runs.ROUTER,
        usage={"request": Decimal(1)},
        agent=agent.slug,
        caller=customer.public_id,
        event_id=event_id,
    )


def test_batches_crosswise_over_two_wallets_do_not_deadlock() -> None:
    agent = runs.make_agent()
    bob, carol = runs.make_customer(credits=5_000), runs.make_customer("carol", credits=5_000)

    def batch(number: int) -> list[Settled]:
        order = [bob, carol] if number % 2 else [carol, bob]
        reports = [
            _direct(agent, customer, f"{number}:{n}:{customer.pk}") for n in range(5) for customer in order
        ]
        # Each batch also repeats what all others log.
        reports += [_direct(agent, customer, f"all:{customer.pk}") for customer in order]
        return settlement.settle_many(reports=reports, now=MONDAY)  # type: ignore[return-value]

    found = race(8, batch)
    assert all(isinstance(each, list) for each in found), found
    assert all(isinstance(each, Settled) for each_batch in found for each in each_batch)  # type: ignore[union-attr]
    assert runs.wallet_of(bob).balance == runs.wallet_of(carol).balance == credits(5_000 - 41 * 50)


def test_posters_at_once_post_each_run_once() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=5_000)
    for n in range(30):
        runs.charge(agent, bob, f"e{n}")
    posted = race(6, lambda _: posting.post_splits(now=MONDAY))
    assert sum(each for each in posted if isinstance(each, int)) == 30
    assert posting.drain_clearing(before=MONDAY + dt.timedelta(days=1), now=MONDAY) == 0


def test_draining_waits_for_a_run_that_is_locked() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=5_000)
    runs.charge(agent, bob, "e1")
    locked = threading.Event()

    def replay_slowly() -> int:
        with transaction.atomic():
            Execution.objects.select_for_update().get()
            locked.set()
            time.sleep(0.3)
        return 0

    def drain() -> int:
        assert locked.wait(timeout=60)
        return posting.drain_clearing(before=MONDAY + dt.timedelta(days=1), now=MONDAY)

    assert race(2, lambda number: (replay_slowly, drain)[number]()) == [0, 1]
