"""Post what was settled: from clearing to creators and the platform, in batches of one UTC day."""

import datetime as dt
import time
from typing import Final

from django.db import connection

from billing.models import Execution

BATCH_MAX: Final = 1_000
WAIT_SECONDS: Final = 0.05
WAITS_MAX: Final = 600
FOREVER: Final = dt.datetime.max.replace(tzinfo=dt.UTC)

POST: Final = "SELECT billing_post_splits(%s, %s, %s)"


class PosterBusyError(RuntimeError):
    """Another poster has been at work, or an execution locked, for longer than we wait."""


def post_splits(*, now: dt.datetime) -> int:
    """Post all that is settled, unless another poster is at work already; return the executions posted."""
    total = 0
    while count := _post_batch(before=FOREVER, now=now):
        total += count
    return total


def drain_clearing(*, before: dt.datetime, now: dt.datetime) -> int:
    """Post all that was settled before a moment, for sure: payouts count posted earnings only.

    Raises PosterBusyError when another poster, or whoever has an execution locked, does not finish.
    """
    total = 0
    for _ in range(WAITS_MAX):
        while count := _post_batch(before=before, now=now):
            total += count
        # A batch passes over what somebody has locked, such as a settlement that is being replayed.
        if count == 0 and not _unposted(before=before):
            return total
        time.sleep(WAIT_SECONDS)
    raise PosterBusyError


def _unposted(*, before: dt.datetime) -> bool:
    waiting = Execution.objects.filter(state=Execution.State.SETTLED, charged__gt=0, posting=None)
    return waiting.filter(closed_at__lt=before).exists()


def _post_batch(*, before: dt.datetime, now: dt.datetime) -> int | None:
    """Post one batch; 0 when none is left, None when another poster holds the lock."""
    with connection.cursor() as cursor:
        cursor.execute(POST, [BATCH_MAX, before, now])
        (count,) = cursor.fetchone()
    return None if count is None else int(count)
