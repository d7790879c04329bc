"""Whom payout runs left out because something broke: they are tried again, and staff see it."""

import datetime as dt
from typing import Final

from django.db.models import QuerySet

from payouts import calendar, gates
from payouts.calendar import Period
from payouts.models import PayoutExclusion

# By then every schedule has had another run, which takes what the older one could not.
TRIED_FOR: Final = calendar.DAY * 31


def stuck(*, now: dt.datetime) -> QuerySet[PayoutExclusion]:
    """List who was set aside and is tried again, the oldest run first."""
    since = calendar.utc_day(at=now) - TRIED_FOR
    found = PayoutExclusion.objects.filter(
        reason=gates.Reason.NOT_PREPARED, run__scheduled_for__gte=since, run__prepared_at__isnull=False
    )
    return found.order_by("run__period_start", "pk")


def set_aside(*, period: Period) -> set[int]:
    """Name the creators that the run of a period could not prepare."""
    found = PayoutExclusion.objects.filter(
        reason=gates.Reason.NOT_PREPARED,
        run__schedule=period.schedule,
        run__period_start=period.start,
        run__scheduled_for=period.pay_date,
    )
    return set(found.values_list("creator", flat=True))
