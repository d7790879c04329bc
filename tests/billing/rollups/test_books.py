"""Every table of sums is proven against its runs: a damage to one shows in its invariant, and only there."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import F

from billing.models import AgentDay, AgentReadingDay, CallerDay, EarningDay, ReadingDay, RunDay
from billing.operations import rollups
from billing.rollup_books import INVARIANTS, TABLES
from config.kit import clock
from tests.billing.rollups import world
from wallets import books

pytestmark = pytest.mark.django_db

DAMAGE: dict[str, Callable[[], object]] = {
    "runday": lambda: RunDay.objects.all().update(charged=F("charged") + 1),
    "readingday": lambda: ReadingDay.objects.all().update(quantity=F("quantity") + 1),
    "agentday": lambda: AgentDay.objects.filter(successes__gt=0).update(successes=F("successes") - 1),
    "agentreadingday": lambda: AgentReadingDay.objects.all().update(last_at=F("first_at")),
    "callerday": lambda: CallerDay.objects.all().delete(),
    "earningday": lambda: EarningDay.objects.all().update(zero_cash=F("zero_cash") + 1),
}


@pytest.fixture(autouse=True)
def _summed() -> None:
    made = world.start()
    world.first_days(made)
    rollups.roll_up()
    world.last_days(made)
    assert broken() == set()


def broken() -> set[str]:
    return {violation.name for violation in books.violations(now=clock.now())}


@pytest.mark.parametrize("table", TABLES)
def test_a_damaged_sum_is_found(table: str) -> None:
    DAMAGE[table]()
    assert broken() == {f"{table} is the sum of its runs"}


def test_a_run_that_fell_off_the_list_is_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM billing_unrolled")
    assert broken() == {invariant.name for invariant in INVARIANTS}


def test_a_run_that_is_counted_twice_is_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_unrolled SELECT id, customer_id, agent_id FROM billing_execution"
            " WHERE outcome <> ''"
        )
    assert broken() != set()
    rollups.roll_up()
    assert "runday is the sum of its runs" in broken()
