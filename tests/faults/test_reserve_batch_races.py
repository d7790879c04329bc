"""Batches of reserves at once: no deadlock, exactly what the wallets cover, one run a key."""

import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import pytest

from billing.models import Execution
from billing.operations import executions, openings
from billing.runs import Allowed, Blocked, Opening
from config.kit.errors import KeyReusedError
from tests.support import ledger, runs
from tests.support.races import race
from tests.support.runs import MONDAY, credits
from wallets.models import Hold, Wallet

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("books"),
    pytest.mark.faults,
]
WRITERS = 8


def opening(agent: str, caller: str, key: str | None = None, charge: int = 50) -> Opening:
    """Ask for one request's run."""
    return Opening(
        agent=agent,
        caller=caller,
        principal=runs.ROUTER,
        usage={"request": Decimal(1)},
        max_charge=credits(charge),
        key=key,
        fingerprint=f"{caller}{charge}".encode(),
    )


def reserve(batch: Sequence[Opening]) -> list[object]:
    """Reserve a batch."""
    return list(openings.reserve_many(openings=batch, now=MONDAY))


def test_overlapping_batches_of_8_writers_never_wait_for_each_other() -> None:
    alice = runs.make_creator()
    agent = runs.make_agent(creator=alice)
    names = [f"c{number}" for number in range(6)]
    customers = [runs.make_customer(name, credits=1_000, external_id=name) for name in names]
    for customer in customers[::2]:
        # A wallet of later date that pays first: its row comes after the customer's own.
        ledger.promise(
            runs.wallet_of(customer, scope=alice.public_id), credits=300, source=customer.public_id
        )

    def write(number: int) -> list[list[object]]:
        chosen = random.Random(number)
        batches = [
            [
                opening(agent.slug, chosen.choice(names), f"k{chosen.randrange(60)}", chosen.choice([50, 70]))
                for _ in range(30)
            ]
            for _ in range(6)
        ]
        singles = [executions.reserve(opening=opening(agent.slug, name), now=MONDAY) for name in names]
        return [*map(reserve, batches), list(singles)]

    found = race(WRITERS, write)
    assert not [each for each in found if isinstance(each, Exception)]
    told = Counter(
        type(each) for batches in found if isinstance(batches, list) for batch in batches for each in batch
    )
    assert set(told) <= {Allowed, Blocked, KeyReusedError}
    keys = Execution.objects.exclude(idempotency_key=None).values_list("idempotency_key", flat=True)
    assert len(keys) == len(set(keys))
    for wallet in Wallet.objects.filter(owner_type="consumer"):
        open_holds = Hold.objects.filter(wallet=wallet, state="open").values_list("amount", flat=True)
        assert wallet.held == sum(open_holds) <= wallet.balance


def test_8_batches_share_a_wallet_that_covers_one_of_them() -> None:
    agent, _ = runs.make_agent(), runs.make_customer(credits=2_500, external_id="bob")
    found = race(WRITERS, lambda _: reserve([opening(agent.slug, "bob")] * 50))
    told = Counter(type(each) for batch in found if isinstance(batch, list) for each in batch)
    assert told == {Allowed: 50, Blocked: 350}, found


def test_8_batches_of_the_same_keys_open_each_run_once() -> None:
    agent, _ = runs.make_agent(), runs.make_customer(credits=5_000, external_id="bob")

    def write(number: int) -> list[object]:
        batch = [opening(agent.slug, "bob", f"k{place}", 10) for place in range(40)]
        random.Random(number).shuffle(batch)
        return reserve(batch)

    found = race(WRITERS, write)
    assert not [each for each in found if isinstance(each, Exception)]
    told = [each for batch in found if isinstance(batch, list) for each in batch]
    assert Counter(each.replayed for each in told if isinstance(each, Allowed)) == {False: 40, True: 280}
    assert len({each.execution for each in told if isinstance(each, Allowed)}) == 40
    assert Execution.objects.count() == 40


def test_a_key_alone_and_among_many_at_once_opens_one_run() -> None:
    agent, _ = runs.make_agent(), runs.make_customer(credits=5_000, external_id="bob")

    def write(number: int) -> list[object]:
        if number % 2:
            return reserve([opening(agent.slug, "bob"), opening(agent.slug, "bob", "k")])
        return [executions.reserve(opening=opening(agent.slug, "bob", "k"), now=MONDAY)]

    for _ in range(5):
        found = race(WRITERS, write)
        assert not [each for each in found if isinstance(each, Exception)]
    assert Execution.objects.filter(idempotency_key="k").count() == 1
