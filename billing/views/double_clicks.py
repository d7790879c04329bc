"""The second click on a button that leads to Stripe."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from billing.operations.checkouts import InFlightError

WAIT_SECONDS: Final = 0.25
WAITS_MAX: Final = 40

T = TypeVar("T")


def waited_for(ask: Callable[[], T]) -> T:
    """Ask, again while the same request waits for Stripe; raise InFlightError when that takes too long.

    Of a double click the browser follows the second answer only, so that one waits for the first's.
    """
    for _ in range(WAITS_MAX):
        try:
            return ask()
        except InFlightError:
            time.sleep(WAIT_SECONDS)
    raise InFlightError("Stripe has not answered yet. Wait a moment, then try again.")
