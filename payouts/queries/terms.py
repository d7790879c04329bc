"""The terms on which a creator is paid, and who is paid on which."""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import Min

from payouts import calendar
from payouts.calendar import Period
from payouts.models import CreatorTerms, RiskTier

MINIMUMS: Final = {
    calendar.WEEKLY: "PAYOUT_MINIMUM_CENTS",
    calendar.MONTHLY: "PAYOUT_MONTHLY_MINIMUM_CENTS",
    calendar.ON_DEMAND: "PAYOUT_ON_DEMAND_MINIMUM_CENTS",
}
WHOLE_BP: Final = 10_000


@dataclass(frozen=True)
class Terms:
    """A creator's terms; `least_cents` is the greater of its own minimum and the platform's."""

    schedule: str
    tier: str
    window_days: int
    reserve_bp: int
    reserve_days: int
    minimum_cents: int

    @property
    def least_cents(self) -> int:
        """The least payout."""
        return max(self.minimum_cents, platform_minimum(schedule=self.schedule))

    def reserved(self, *, amount: int) -> int:
        """Give the part of a maturing amount that the tier holds back, rounded down."""
        return amount * self.reserve_bp // WHOLE_BP

    def period_of(self, *, day: dt.date) -> Period:
        """Find the period of these terms that holds a day."""
        return calendar.period_of(day=day, schedule=self.schedule, window=self.window_days)

    def next_period(self, *, now: dt.datetime) -> Period:
        """Find the oldest period of these terms that is not payable yet."""
        return calendar.next_payable(now=now, schedule=self.schedule, window=self.window_days)

    def latest_period(self, *, now: dt.datetime) -> Period:
        """Find the newest period of these terms that is payable."""
        return calendar.latest_payable(now=now, schedule=self.schedule, window=self.window_days)


@dataclass(frozen=True)
class Group:
    """The creators that share a schedule and a window; `since` is None for those without a row of their own."""

    schedule: str
    window_days: int
    since: dt.datetime | None


def platform_minimum(*, schedule: str) -> int:
    """Give the least payout of this deployment on a schedule."""
    return int(getattr(settings, MINIMUMS[schedule]))


def of(*, creator_id: int) -> Terms:
    """Read a creator's terms."""
    row = CreatorTerms.objects.select_related("tier").filter(creator_id=creator_id).first()
    return _terms(row) if row else standard()


def of_all(*, creator_ids: Collection[int]) -> dict[int, Terms]:
    """Read the terms of several creators."""
    rows = CreatorTerms.objects.select_related("tier").filter(creator_id__in=creator_ids)
    own = {row.creator_id: _terms(row) for row in rows}
    default = standard()
    return {creator_id: own.get(creator_id, default) for creator_id in creator_ids}


def standard() -> Terms:
    """Give the terms of a creator that has chosen nothing."""
    return _terms(CreatorTerms(tier=RiskTier.objects.get(slug=RiskTier.STANDARD)))


def groups() -> Iterator[Group]:
    """List the pairs of schedule and window that are in use, the standard one first."""
    default = standard()
    yield Group(default.schedule, default.window_days, None)
    rows = CreatorTerms.objects.values_list("schedule", "tier__window_days").annotate(Min("since"))
    for schedule, window, since in rows.order_by("schedule", "tier__window_days"):
        if (schedule, window) != (default.schedule, default.window_days):
            yield Group(schedule, window, since)


def are_of(*, period: Period, creators: set[int]) -> set[int]:
    """Pick the creators that are paid for a period on its own pay date."""
    paid_so: set[int] = set()
    others: set[int] = set()
    rows = CreatorTerms.objects.values_list("creator_id", "schedule", "tier__window_days")
    for creator_id, schedule, window in rows:
        (paid_so if _is_paid(period, schedule, window) else others).add(creator_id)
    default = standard()
    if _is_paid(period, default.schedule, default.window_days):
        return creators - others
    return creators & paid_so


def _is_paid(period: Period, schedule: str, window: int) -> bool:
    own = Period(period.start, period.end, schedule, window)
    return schedule == period.schedule and own.pay_date == period.pay_date


def _terms(row: CreatorTerms) -> Terms:
    return Terms(
        schedule=row.schedule,
        tier=row.tier.slug,
        window_days=row.tier.window_days,
        reserve_bp=row.tier.reserve_bp,
        reserve_days=row.tier.reserve_days,
        minimum_cents=row.minimum_cents,
    )
