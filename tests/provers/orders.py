"""Orders of events, longer than a test has time for: all up to four long, and drawn ones of seven.

They are one life's, from one beginning, in an empty database; it is rolled back.
"""

import random
from typing import Final

from django.conf import settings
from django.db import transaction

from tests.provers.driver import progress
from tests.support.orders.alphabet import EVENTS, NEVER
from tests.support.orders.life import begun
from tests.support.orders.walk import Walk, walking
from tests.support.processes import Standin

ALL_UP_TO: Final = 4
# Who asks for fewer has no time for those that are four long: only those up to three then.
ALL_FROM: Final = 1_000
DRAWN_UP_TO: Final = 7


def prove(*, count: int, seed: int) -> str:
    """Draw that many orders; give the line that says so. Raises AssertionError with what is wrong after which."""
    every = ALL_UP_TO if count >= ALL_FROM else ALL_UP_TO - 1
    whole = transaction.atomic()
    # As Django marks those of its own tests: what must be outermost may be inside of it.
    whole._from_testcase = True  # type: ignore[attr-defined]
    with whole:
        try:
            with walking(begun(Standin(settings.STRIPE_API_BASE)), EVENTS) as walk:
                walk.all_orders(every)
                known = len(walk.found.ends)
                _draw(walk, count, random.Random(seed))
                _check(walk, seed)
                drawn = len(walk.found.ends) - known
        finally:
            transaction.set_rollback(True)
    return (
        f"orders: all {known:,} of up to {every} events, {drawn:,} more of up to {DRAWN_UP_TO}, seed {seed};"
        " books clean, equal where order does not matter"
    )


def _draw(walk: Walk, count: int, chance: random.Random) -> None:
    for number in range(count):
        walk.drawn(DRAWN_UP_TO, chance)
        progress("orders", number + 1, count)


def _check(walk: Walk, seed: int) -> None:
    wrong = walk.found.wrong + walk.found.unequal()
    wrong += [f"{pair} can be after all" for pair in sorted(NEVER - walk.found.unmet(EVENTS))]
    assert not wrong, f"orders, seed {seed}: {len(wrong)} wrong; the first:\n  " + "\n  ".join(wrong[:5])
