"""One Stripe stand-in a file: the incidents use ids of their own, and half of their time was its start."""

from collections.abc import Iterator

import pytest

from tests.support import processes
from tests.support.processes import StripeStandin


@pytest.fixture(scope="module")
def stripe_standin(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StripeStandin]:
    """Run a Stripe stand-in for the tests of one file."""
    with processes.stripe_standin(tmp_path_factory.mktemp("stripe")) as standin:
        yield standin
