"""Days of the ledger: closed once they are proven. What is booked later for one lands in the next open day."""

import datetime as dt
from typing import Final

from django.db import connection
from django.db.models import DateField, Exists, ExpressionWrapper, Min, OuterRef

from config.kit.errors import ConflictError
from wallets import calls
from wallets.models import ClosedDay

# The ledger writes what happened within the hour without asking which days are closed (`closed_days.sql`).
OPEN_FOR_LEAST: Final = dt.timedelta(hours=1)


class DayOpenError(ConflictError):
    """The day is not over for long enough."""

    code = "day_open"
    title = "This day cannot be closed yet"


def end_of(*, day: dt.date) -> dt.datetime:
    """Give the moment a UTC day ends."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)


def closed(*, since: dt.date | None = None) -> frozenset[dt.date]:
    """List the days that are closed."""
    found = ClosedDay.objects.all() if since is None else ClosedDay.objects.filter(day__gte=since)
    return frozenset(found.values_list("day", flat=True))


def closed_up_to() -> dt.date | None:
    """Give the last day before which none is open, from the first that was closed on; None before that."""
    following = ExpressionWrapper(OuterRef("day") + dt.timedelta(days=1), output_field=DateField())
    gaps = ClosedDay.objects.filter(~Exists(ClosedDay.objects.filter(day=following)))
    day: dt.date | None = gaps.aggregate(first=Min("day"))["first"]
    return day


def keep_bookings_waiting() -> None:
    """Let late bookings wait until this transaction ends."""
    if not connection.in_atomic_block:
        raise RuntimeError("A day is judged and closed in one transaction.")
    calls.row("SELECT wallets_closing()", [])


def close(*, day: dt.date, actor: str, now: dt.datetime) -> ClosedDay:
    """Close a day, once; the caller has proven it in this transaction. Raises DayOpenError."""
    if now < end_of(day=day) + OPEN_FOR_LEAST:
        raise DayOpenError(f"{day} ends at midnight UTC and stays open for an hour.")
    keep_bookings_waiting()
    row, _ = ClosedDay.objects.get_or_create(day=day, defaults={"closed_by": actor, "closed_at": now})
    return row
