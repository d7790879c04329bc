"""One running instance for all stories of a file: starting one costs more than telling a story."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests import conftest
from tests.support import processes
from tests.support.processes import LiveApp, StripeStandin


@pytest.fixture(scope="module")
def shared_app(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    running_standin: StripeStandin,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveApp]:
    """Run web, worker, beat and stand-in on a fresh database while the file's stories are told."""
    folder = tmp_path_factory.mktemp("shared_app")
    running_standin.forget()
    with (
        django_db_blocker.unblock(),
        conftest.databases.fresh(),
        processes.live_app(conftest.databases, running_standin, folder) as app,
    ):
        yield app


@pytest.fixture(scope="module")
def demo(shared_app: LiveApp) -> dict[str, Any]:
    """Return the people, keys and agents of the seeded demo."""
    return shared_app.seed()
