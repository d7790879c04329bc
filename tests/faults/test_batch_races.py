"""Batches of runs, logged by many at once, overlapping at random: charged once, never a deadlock."""

import random
from decimal import Decimal
from typing import Final

import pytest

from accounts.models import Customer
from billing.models import Execution, UsageEventKey
from billing.operations import settlement
from billing.runs import Report, Settled
from config.kit.errors import DomainError, KeyReusedError
from marketplace.models import Agent
from tests.support import runs
from tests.support.races import deadlocks, race
from tests.support.runs import MONDAY, credits

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books")]

WRITERS: Final = 8
BATCHES: Final = 6
SIZE: Final = 25


def _report(agent: Agent, callers: list[Customer], reserved: list[str], number: int) -> Report:
    """Say the same of the same number, whoever asks: every second one is of a reserved run."""
    said = {"principal": runs.ROUTER, "usage": {"request": Decimal(1)}, "event_id": f"e{number}"}
    if number % 2:
        return Report(execution=reserved[number], **said)  # type: ignore[arg-type]
    caller = callers[number % len(callers)].public_id
    return Report(agent=agent.slug, caller=caller, **said)  # type: ignore[arg-type]


def test_overlapping_batches_charge_each_run_once_without_a_deadlock() -> None:
    agent = runs.make_agent()
    callers = [runs.make_customer(f"c{n}", credits=10_000) for n in range(4)]
    numbers = range(120)
    reserved = [runs.reserve(agent, callers[n % 4]).execution or "" for n in numbers]
    before = deadlocks()

    def write(writer: int) -> list[Settled | DomainError]:
        dice = random.Random(writer)
        found: list[Settled | DomainError] = []
        for _ in range(BATCHES):
            # With some numbers twice in one batch.
            picked = dice.choices(numbers, k=SIZE)
            reports = [_report(agent, callers, reserved, number) for number in picked]
            found += settlement.settle_many(reports=reports, now=MONDAY)
        return found

    answers = race(WRITERS, write)
    assert all(isinstance(each, list) for each in answers), answers
    found = [each for some in answers if isinstance(some, list) for each in some]
    assert all(isinstance(each, Settled) for each in found), found
    fresh = sum(isinstance(each, Settled) and not each.replayed for each in found)
    settled = Execution.objects.filter(state="settled")
    assert fresh == settled.count() == UsageEventKey.objects.count()
    spent = sum(settled.values_list("charged", flat=True))
    assert spent == fresh * credits(50)
    assert sum(runs.wallet_of(caller).balance for caller in callers) == credits(40_000) - spent
    assert deadlocks() == before


def test_one_event_id_in_many_batches_for_other_runs_goes_to_one_of_them() -> None:
    agent = runs.make_agent()
    callers = [runs.make_customer(f"c{n}", credits=10_000) for n in range(WRITERS)]
    before = deadlocks()

    def write(writer: int) -> list[Settled | DomainError]:
        # Backwards for every other writer: only the server's own order keeps them from waiting for one another.
        names = list(range(10))[:: -1 if writer % 2 else 1]
        said = {"principal": runs.ROUTER, "usage": {"request": Decimal(1)}, "agent": agent.slug}
        caller = callers[writer].public_id
        reports = [Report(caller=caller, event_id=f"e{name}", **said) for name in names]  # type: ignore[arg-type]
        return settlement.settle_many(reports=reports, now=MONDAY)

    answers = race(WRITERS, write)
    assert all(isinstance(each, list) for each in answers), answers
    found = [each for some in answers if isinstance(some, list) for each in some]
    assert {type(each) for each in found} == {Settled, KeyReusedError}
    assert sum(isinstance(each, Settled) for each in found) == 10 == UsageEventKey.objects.count()
    assert sum(runs.wallet_of(caller).balance for caller in callers) == credits(10_000 * WRITERS - 500)
    assert deadlocks() == before
