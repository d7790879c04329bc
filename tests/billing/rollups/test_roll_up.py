"""The roller adds every ended run to the sums of its day exactly once, whoever commits when."""

import threading
from io import StringIO

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction

from billing.models import AgentDay, CallerDay, RunDay
from billing.operations import executions, rollups
from billing.runs import Settled
from config.kit import clock
from tests import conftest
from tests.billing.rollups import world
from tests.support import runs
from tests.support.races import race
from tests.support.runs import MONDAY, credits
from wallets import books

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books")]


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_unrolled")
        return int(cursor.fetchone()[0])


def test_it_adds_each_run_once() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    runs.charge(agent, bob, "one")
    runs.charge(agent, bob, "two")
    assert rollups.roll_up() == 2
    assert rollups.roll_up() == 0
    runs.charge(agent, bob, "three")
    assert rollups.roll_up() == 1

    day = RunDay.objects.get()
    assert (day.runs, day.charged, day.first_at, day.last_at) == (3, credits(150), MONDAY, MONDAY)


def test_a_run_that_is_released_or_expires_is_not_counted() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    executions.release(execution=str(runs.reserve(agent, bob).execution), reason="", now=MONDAY)
    late = runs.reserve(agent, bob)
    executions.expire_due(now=world.LATER)
    assert waiting() == 0

    runs.settle(late, now=world.LATER)
    assert waiting() == 1


def test_a_replayed_report_is_counted_once() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    reserved = runs.reserve(agent, bob)
    runs.settle(reserved)
    assert runs.settle(reserved).replayed
    rollups.roll_up()
    assert AgentDay.objects.get().runs == 1


def test_a_batch_takes_what_it_is_told_and_leaves_the_rest() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    for number in range(5):
        runs.charge(agent, bob, f"e{number}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_roll_up(2)")
        assert cursor.fetchone() == (2,)
    assert (AgentDay.objects.get().runs, waiting()) == (2, 3)


def test_who_commits_late_is_counted_with_the_next() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    carol = runs.make_customer("carol", credits=1_000)
    charged, rolled = threading.Event(), threading.Event()

    def settle(number: int) -> None:
        if number:
            charged.wait(10)
            runs.charge(agent, carol, "quick")
            assert rollups.roll_up() == 1
            rolled.set()
            return
        with transaction.atomic():
            runs.charge(agent, bob, "slow")
            charged.set()
            rolled.wait(10)

    assert race(2, settle) == [None, None]
    assert set(CallerDay.objects.values_list("customer", "runs")) == {(carol.pk, 1)}
    assert rollups.roll_up() == 1
    assert set(CallerDay.objects.values_list("customer", "runs")) == {(carol.pk, 1), (bob.pk, 1)}


@pytest.mark.faults
def test_two_rollers_among_settling_routers_lose_and_double_nothing() -> None:
    agents = [runs.make_agent("echo"), runs.make_agent("tokens", creator=runs.make_creator("carl"))]
    customers = [runs.make_customer(f"c{number}", credits=50_000) for number in range(3)]
    done = threading.Event()
    left = threading.Semaphore(0)

    def work(number: int) -> int:
        if number < 2:
            total = 0
            while not done.is_set():
                total += rollups.roll_up()
            return total
        for each in range(40):
            agent, customer = agents[each % 2], customers[(number + each) % 3]
            found = runs.charge(agent, customer, f"{number}-{each}", model="abc"[each % 3])
            assert isinstance(found, Settled)
        left.release()
        if number == 2:
            for _ in range(6):
                left.acquire(timeout=60)
            done.set()
        return 0

    found = race(8, work)

    assert all(isinstance(count, int) for count in found), found
    assert sum(found[:2]) + rollups.roll_up() == 6 * 40  # type: ignore[arg-type]
    assert waiting() == 0
    assert sum(RunDay.objects.values_list("runs", flat=True)) == 6 * 40
    assert sum(RunDay.objects.values_list("charged", flat=True)) == credits(50 * 6 * 40)


def test_a_roller_that_is_killed_leaves_everything_to_the_next() -> None:
    made = world.start()
    world.first_days(made)
    name = connection.settings_dict["NAME"]
    with conftest.databases.cluster.connect(name, "farebox_app") as doomed:
        killed: int = doomed.info.backend_pid
        doomed.autocommit = False
        assert doomed.execute("SELECT billing_roll_up(100)").fetchone() == (8,)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [killed])
        with pytest.raises(psycopg.OperationalError):
            doomed.execute("COMMIT")
    assert (waiting(), AgentDay.objects.exists()) == (8, False)
    assert rollups.roll_up() == 8


def test_they_can_be_made_anew() -> None:
    made = world.start()
    world.first_days(made)
    rollups.roll_up()
    world.last_days(made)
    AgentDay.objects.all().update(runs=99)
    out = StringIO()

    call_command("rebuild_rollups", stdout=out)

    assert "12 runs" in out.getvalue()
    assert (waiting(), books.violations(now=clock.now())) == (0, [])
