"""When a failed charge is tried again, and what follows the last try."""

import datetime as dt

import pytest

from billing import dunning
from billing.dunning import Step

FIRST = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)


NO_TIME = dt.timedelta(0)


def days(count: float) -> dt.timedelta:
    return dt.timedelta(days=count)


def plan(failures: int, *, code: str = "card_declined", after: dt.timedelta = NO_TIME) -> dunning.Plan:
    return dunning.plan(failures=failures, first_failed_at=FIRST, code=code, now=FIRST + after)


def test_it_tries_again_by_days_from_the_first_failure() -> None:
    tried = [plan(n).next_attempt_at for n in (1, 2, 3, 4)]

    assert tried == [FIRST + days(n) for n in (1, 3, 7, 14)]


def test_after_the_last_try_it_waits_for_the_customer() -> None:
    last = plan(5, after=days(14))

    assert (last.step, last.next_attempt_at, last.gives_up_at) == (Step.LAST, None, FIRST + days(21))


@pytest.mark.parametrize("code", ["authentication_required", "no_card", "stolen_card"])
def test_it_does_not_repeat_what_only_the_customer_can_mend(code: str) -> None:
    assert (plan(1, code=code).step, plan(1, code=code).next_attempt_at) == (Step.ACTION, None)


def test_a_worker_that_slept_tries_once_for_the_days_it_missed() -> None:
    late = plan(2, after=days(10))

    assert late.next_attempt_at == FIRST + days(10) + dt.timedelta(hours=1)


def test_it_gives_up_after_three_weeks() -> None:
    assert not dunning.given_up(first_failed_at=FIRST, now=FIRST + days(20.99))
    assert dunning.given_up(first_failed_at=FIRST, now=FIRST + days(21))
