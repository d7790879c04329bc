"""What falls due next, over everything that waits for a time: where a clock that jumps has to stop."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Min, QuerySet

from billing import dunning
from billing.models import Execution, Subscription
from billing.models.executions import OPEN_STATES
from billing.models.invoices import Invoice
from billing.models.subscriptions import LIVE, Trial
from billing.queries import late_periods, trial_letters
from payouts import calendar
from payouts.models import ReserveHold
from payouts.queries import terms
from wallets import chart
from wallets.models import CreditGrant, Wallet

EARNED: Final = (chart.PENDING, chart.PAYABLE)


def next_due(*, after: dt.datetime) -> dt.datetime | None:
    """Give the next moment at which something expires, renews, is collected or is paid out; None when nothing waits."""
    return min((at for at in _dues(after) if at is not None), default=None)


def is_overdue(*, at: dt.datetime) -> bool:
    """Tell whether an invoice waits for a moment that has come: the job that made it due may run after its own."""
    return any(rows.filter(**{f"{column}__lte": at}).exists() for rows, column in _invoices())


def _dues(after: dt.datetime) -> Iterator[dt.datetime | None]:
    yield _first(CreditGrant.objects.filter(remaining__gt=0), "expires_at", after)
    yield _first(Execution.objects.filter(state__in=OPEN_STATES), "expires_at", after)
    yield _first(Subscription.objects.filter(state__in=LIVE), "current_period_end", after)
    for rows, column in _invoices():
        yield _first(rows, column, after)
    yield _given_up(after)
    yield _read_last(after)
    yield _told(after)
    yield _first(ReserveHold.objects.filter(released_at=None), "release_at", after)
    if Wallet.objects.filter(owner_type=Wallet.OwnerType.CREATOR, kind__in=EARNED, balance__gt=0).exists():
        for group in terms.groups():
            day = calendar.next_pay_date(now=after, schedule=group.schedule, window=group.window_days)
            yield calendar.midnight(day=day)


def _invoices() -> Iterator[tuple[QuerySet[Invoice], str]]:
    yield Invoice.objects.filter(state=Invoice.State.DRAFT), "finalise_at"
    yield Invoice.objects.filter(state=Invoice.State.OPEN), "next_attempt_at"


def _given_up(after: dt.datetime) -> dt.datetime | None:
    long_enough = dt.timedelta(days=dunning.GIVE_UP_DAYS)
    failed_at = _first(
        Invoice.objects.filter(state=Invoice.State.OPEN), "first_failed_at", after - long_enough
    )
    return failed_at + long_enough if failed_at else None


def _read_last(after: dt.datetime) -> dt.datetime | None:
    ended_at = _first(late_periods.of_leavers(), "ends_at", after - late_periods.LISTENS)
    return ended_at + late_periods.LISTENS if ended_at else None


def _told(after: dt.datetime) -> dt.datetime | None:
    ends_at = _first(Trial.objects.filter(told_at=None), "ends_at", after + trial_letters.BEFORE)
    return ends_at - trial_letters.BEFORE if ends_at else None


def _first(rows: QuerySet[Any], column: str, after: dt.datetime) -> dt.datetime | None:
    found: dt.datetime | None = rows.filter(**{f"{column}__gt": after}).aggregate(at=Min(column))["at"]
    return found
