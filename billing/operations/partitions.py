"""Make the partitions of usage events and meter events ahead of time."""

import datetime as dt
from typing import Final

from django.db import connection

MONTHS_AHEAD: Final = 4


def make_ahead(*, now: dt.datetime) -> int:
    """Make this month's partitions and those of the months to come; return how many were new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_make_partitions(%s, %s)", [now.date(), MONTHS_AHEAD])
        (made,) = cursor.fetchone()
    return int(made)
