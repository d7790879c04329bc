"""Move a development system's time on, and do on the way what falls due, as beat and a worker would have."""

import datetime as dt
import math
from collections.abc import Iterator
from typing import Final

from celery import current_app
from django.conf import settings

from billing.stripe import clock as stripe_clock
from config.kit import clock, jobs
from config.kit.errors import ConflictError
from payouts.queries import timeline

# Proves everything there is: once at the end is enough, and check_books says more.
LEFT_OUT: Final = {"wallets.check_books", "payouts.reconcile"}
# A renewal makes an invoice due, which is charged: what still waits then waits for something else.
PASSES_MAX: Final = 4


class TimeStandsStillError(ConflictError):
    """This deployment's time cannot be moved, or not that way."""

    code = "time_stands_still"
    title = "The clock does not move"


def advance(*, to: dt.datetime) -> Iterator[dt.datetime]:
    """Stop at each moment until `to` at which something falls due, do it, and give the moment.

    Raises TimeStandsStillError in production, beside the real Stripe, and for a moment that is past.
    """
    if not (settings.CLOCK_MOVABLE and stripe_clock.is_movable()):
        raise TimeStandsStillError("Time moves in development only, beside the Stripe stand-in.")
    if to < clock.now():
        raise TimeStandsStillError("The clock moves forward only.")
    with jobs.here():
        while (stop := min(timeline.next_due(after=clock.now()) or to, to)) < to:
            _be(stop)
            yield stop
        _be(to)
        yield to


def _be(at: dt.datetime) -> None:
    by = math.ceil((at - clock.now()).total_seconds())
    if by > 0:
        # Whole seconds, which is what the stand-in counts: the two clocks stay together.
        step = dt.timedelta(seconds=by)
        stripe_clock.advance(by=step)
        clock.advance(by=step)
    for _ in range(PASSES_MAX):
        for name in current_app.conf.beat_schedule:
            if name not in LEFT_OUT:
                jobs.run(name)
        if not timeline.is_overdue(at=clock.now()):
            break
