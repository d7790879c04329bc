"""The stage of the crash tests: a time that stands still, and the stories' own stand-in where Stripe matters."""

import pytest

from config.kit import clock
from tests.support.processes import StripeStandin
from tests.support.stories import Stage, Time


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Stop the clock: only the story moves it."""
    stopped = Time()
    monkeypatch.setattr(clock, "now", stopped.now)
    return stopped


@pytest.fixture
def stage(transactional_db: None, time: Time) -> Stage:
    """Play stories without Stripe."""
    return Stage(time)


@pytest.fixture
def stripe_stage(transactional_db: None, time: Time, stripe_standin: StripeStandin) -> Stage:
    """Play stories with Stripe."""
    return Stage(time, stripe_standin)
