"""What was used in a period above what it includes, as lines of an invoice."""

import datetime as dt

from billing.models.subscriptions import SubscriptionPeriod


def bill(*, period: SubscriptionPeriod, now: dt.datetime) -> None:
    """Put a closed period's usage on the customer's draft."""
