"""Purchases, runs, refunds, disputes, write-offs and payouts in every order up to three long, and each right after each
other where that can be: clean books, nothing lost, and equal ends where order should not matter.
"""

import pytest

from tests.support.orders.alphabet import EVENTS, LONGER, NEVER
from tests.support.orders.life import begun
from tests.support.orders.walk import walking
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(900)]

ALL_UP_TO = 3


def test_every_order_ends_in_clean_books_and_equal_ones_where_order_does_not_matter(
    stripe_standin: StripeStandin,
) -> None:
    with walking(begun(stripe_standin), EVENTS) as walk:
        walk.all_orders(ALL_UP_TO)
        walk.orders(LONGER)

    assert walk.found.wrong == []
    assert walk.found.unequal() == []
    unmet = walk.found.unmet(EVENTS)
    assert sorted(unmet - NEVER) == []
    assert sorted(NEVER - unmet) == []
