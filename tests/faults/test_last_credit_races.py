"""A thousand reservations at once with funds for k: exactly k get them, and the rest are told what blocks them."""

from collections import Counter

import pytest

from billing.models import Execution
from billing.operations import executions
from billing.runs import Allowed, Blocked, Gate
from tests.support import runs
from tests.support.races import rush
from tests.support.runs import MONDAY, credits
from wallets.models import Hold

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("books", "no_deadlocks"),
    pytest.mark.faults,
]

RESERVATIONS = 1_000
# Less than the server's connections: the others wait for a thread, as they would for a web process.
THREADS = 100


@pytest.mark.parametrize("covered", [0, 1, 7, 500, 999])
def test_exactly_as_many_runs_start_as_the_wallet_covers(covered: int) -> None:
    # And 40 credits more: what covers no whole run covers none.
    agent, bob = runs.make_agent(), runs.make_customer(credits=covered * 50 + 40)
    opening = runs.opening(agent, bob)

    found = rush(RESERVATIONS, THREADS, lambda _: executions.reserve(opening=opening, now=MONDAY))

    assert Counter(type(each) for each in found) == Counter(
        {Allowed: covered, Blocked: RESERVATIONS - covered}
    )
    refused = [each for each in found if isinstance(each, Blocked)]
    assert {(each.gate, each.required, each.available) for each in refused} == {
        (Gate.WALLET, credits(50), credits(40))
    }
    wallet = runs.wallet_of(bob)
    assert (wallet.held, wallet.balance) == (covered * credits(50), covered * credits(50) + credits(40))
    # The refused ones left nothing; each of the others has a hold of its own.
    assert Execution.objects.count() == Hold.objects.filter(state="open").count() == covered


def test_each_reservation_says_what_was_left_after_it() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=7 * 50)
    opening = runs.opening(agent, bob)

    found = rush(RESERVATIONS // 10, THREADS, lambda _: executions.reserve(opening=opening, now=MONDAY))

    left = [each.available for each in found if isinstance(each, Allowed)]
    assert sorted(left) == [credits(50 * rest) for rest in range(7)]
