"""What the mail says that comes before a trial ends."""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

from billing.models.subscriptions import Trial
from billing.queries import subscriptions as queries

# So long before its end is a trial's customer told.
BEFORE: Final = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Letter:
    """When a trial ends, and what its plan costs from then on."""

    subject: str
    customer: str
    plan: str
    ends_at: dt.datetime
    fee_cents: int
    interval: str
    card: str
    url: str


def letter(*, trial: Trial) -> Letter:
    """Write down what the mail about a trial's end says."""
    subscription = trial.subscription
    plan = queries.name(subscription)
    ends_at = trial.ends_at.astimezone(ZoneInfo(subscription.zone))
    profile = getattr(subscription.customer, "billing_profile", None)
    return Letter(
        subject=f"Your trial of {plan} ends on {ends_at:%-d %B}",
        customer=subscription.customer.name,
        plan=plan,
        ends_at=ends_at,
        fee_cents=queries.fee_cents(subscription),
        interval=subscription.tier.interval,
        card=profile.card if profile else "",
        url=f"{settings.SITE_URL}/subscriptions/{subscription.public_id}/",
    )
