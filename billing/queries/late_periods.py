"""Closed periods that events may still come in for: their meters are read again."""

import datetime as dt
from typing import Final

from django.db.models import QuerySet

from billing.models.subscriptions import LIVE, Subscription, SubscriptionPeriod
from billing.runs import LATE_MAX

# Closing takes its time: an event may be on its way while a period is read.
MARGIN: Final = dt.timedelta(days=1)
LISTENS: Final = LATE_MAX + MARGIN


def unread() -> QuerySet[SubscriptionPeriod]:
    """List the closed periods that were not read since the last event of theirs could come in."""
    rows = SubscriptionPeriod.objects.filter(subscription__agent=None, closed_at__isnull=False, read_at=None)
    return rows.select_related("subscription", "tier")


def of_leavers() -> QuerySet[SubscriptionPeriod]:
    """List those of customers without a live plan: no later period closes that would read them."""
    stays = Subscription.objects.filter(agent=None, state__in=LIVE)
    return unread().exclude(subscription__customer_id__in=stays.values("customer_id"))
