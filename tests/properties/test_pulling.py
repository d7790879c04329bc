"""Who bears what is pulled from a creator: all of it, in one order, never more than there is."""

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from wallets import pulling
from wallets.pulling import Pull, pull

AMOUNTS = st.integers(0, 2**62)


@given(there=st.tuples(st.integers(-5, 2**62), AMOUNTS, AMOUNTS), debt=AMOUNTS, cap=AMOUNTS, amount=AMOUNTS)
def test_every_credit_has_one_bearer_and_none_bears_more_than_it_has(
    there: tuple[int, int, int], debt: int, cap: int, amount: int
) -> None:
    pending, payable, reserve = there
    found = pull(pending=pending, payable=payable, reserve=reserve, debt=debt, cap=cap, amount=amount)

    most = (max(pending, 0), payable, reserve, max(cap - debt, 0), amount)
    taken = (found.pending, found.payable, found.reserve, found.debt, found.loss)
    assert sum(taken) == amount == found.amount == found.borne + found.loss
    assert all(0 <= part <= limit for part, limit in zip(taken, most, strict=True))
    # Whoever comes later bears nothing while somebody before has something left.
    for place, part in enumerate(taken):
        assert part == 0 or taken[:place] == most[:place]


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_two_pulls_are_as_good_as_one(
    pending: int, payable: int, reserve: int, first: int, second: int
) -> None:
    cap = 50
    before = pull(pending=pending, payable=payable, reserve=reserve, debt=0, cap=cap, amount=first)
    after = pull(
        pending=pending - before.pending,
        payable=payable - before.payable,
        reserve=reserve - before.reserve,
        debt=before.debt,
        cap=cap,
        amount=second,
    )
    whole = pull(pending=pending, payable=payable, reserve=reserve, debt=0, cap=cap, amount=first + second)

    assert before.payable + after.payable == whole.payable
    assert before.debt + after.debt == whole.debt
    assert before.loss + after.loss == whole.loss


def test_a_cap_that_was_lowered_takes_nothing_more() -> None:
    assert pull(pending=0, payable=0, reserve=0, debt=60, cap=50, amount=7) == Pull(0, 0, 0, 0, 7)


def test_less_than_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        pull(pending=1, payable=0, reserve=0, debt=0, cap=0, amount=-1)


def test_the_cap_is_a_setting_in_dollars(settings: LazySettings) -> None:
    assert pulling.debt_cap() == 50_000 * 1_000_000
    settings.CREATOR_DEBT_CAP_CENTS = 50
    assert pulling.debt_cap() == 500 * 1_000_000
