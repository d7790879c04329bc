"""Periods of a subscription: half-open months that keep the day they began on. Pure."""

import calendar
import datetime as dt


def month_after(*, start: dt.datetime, months: int = 1) -> dt.datetime:
    """Give the moment some months later; a day the month lacks becomes its last (31 January: 28 February)."""
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    return start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))
