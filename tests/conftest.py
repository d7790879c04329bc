"""The harness: real PostgreSQL, Valkey, worker, web and Stripe stand-in, started when a test asks for them.

`django_db` rolls back. `django_db(transaction=True)` and `live_server` run in a fresh clone of the migrated template.
"""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.core.cache import cache
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker

from config.devservices.processes import Child
from config.kit import clock
from tests.support import processes, proof, races
from tests.support.browser import browser, page
from tests.support.database import Databases
from tests.support.processes import LiveApp, StripeStandin
from tests.support.server import shared_cluster

__all__ = ["browser", "page"]

databases: Databases

# Files are handed out in the order of their items: what needs no database while another process migrates it, then the
# long stories, so that no process is left alone with one at the end.
FIRST: Final = (
    "tests/properties/test_ledger_core.py",
    "tests/faults/",
    "tests/journeys/",
    "tests/fuzz/",
    "tests/payouts/test_orders.py",
    "tests/properties/",
    "",
)

# Machines are shared: how long an example takes says nothing about the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first; files of one kind stay in the order of their names."""
    items.sort(key=lambda item: next(n for n, part in enumerate(FIRST) if item.nodeid.startswith(part)))


def pytest_collection_finish() -> None:
    """Keep what was imported and collected out of each later search for garbage, and out of what children copy."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Start PostgreSQL and Valkey, and give this process a migrated database of its own."""
    global databases  # noqa: PLW0603  (TransactionTestCase's hooks below take no arguments)
    with shared_cluster() as (cluster, folder), processes.broker(tmp_path_factory.mktemp("valkey")):
        databases = Databases(cluster, folder)
        name = databases.clone()
        with django_db_blocker.unblock():
            databases.use(name)
        yield
        with django_db_blocker.unblock():
            databases.use("postgres")
        databases.drop(name)


def _take_clone(_: type[TransactionTestCase]) -> None:
    TransactionTestCase._clone = databases.fresh()  # type: ignore[attr-defined]
    TransactionTestCase._clone.__enter__()  # type: ignore[attr-defined]


def _drop_clone(_: TransactionTestCase) -> None:
    TransactionTestCase._clone.__exit__(None, None, None)  # type: ignore[attr-defined]


# Django flushes after a transactional test: TRUNCATE, which neither our triggers nor our role allow.
TransactionTestCase._fixture_setup = classmethod(_take_clone)  # type: ignore[attr-defined]
TransactionTestCase._fixture_teardown = _drop_clone  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Forget what processes cache between tests: the clock's offset, Django's cache."""
    clock.forget()
    cache.clear()
    yield
    clock.forget()


@pytest.fixture
def books(db: None) -> Iterator[None]:
    """Prove, when the test has ended, that the books balance."""
    yield
    assert proof.violations(now=clock.now()) == []


@pytest.fixture
def no_deadlocks(transactional_db: None) -> Iterator[None]:
    """Prove, when a race has ended, that PostgreSQL had to break no deadlock."""
    yield
    assert races.deadlocks() == 0


@pytest.fixture(scope="session")
def running_standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeStandin]:
    """Run one Stripe stand-in for all tests of this process: starting one for each took longer than most tests."""
    with processes.stripe_standin(tmp_path_factory.mktemp("stripe")) as standin:
        yield standin


@pytest.fixture
def stripe_standin(running_standin: StripeStandin) -> StripeStandin:
    """Give the test a Stripe stand-in that has forgotten everything."""
    running_standin.forget()
    return running_standin


@pytest.fixture
def celery_worker_process(transactional_db: None, tmp_path: Path) -> Iterator[Child]:
    """Run a real worker on the test's database, its queue empty."""
    with processes.worker(processes.application_environment(databases), tmp_path) as child:
        yield child


@pytest.fixture
def live_app(transactional_db: None, stripe_standin: StripeStandin, tmp_path: Path) -> Iterator[LiveApp]:
    """Run web, worker, beat and stand-in on the test's database."""
    with processes.live_app(databases, stripe_standin, tmp_path) as app:
        yield app


@pytest.fixture
def child_environment(db: None) -> dict[str, Any]:
    """Return the environment for a process of the test's own on the test's database."""
    return dict(processes.application_environment(databases))
