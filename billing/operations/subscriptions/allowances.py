"""What a subscription's period allows besides its credits: quotas, and going below zero."""

import datetime as dt

from billing.models.subscriptions import Subscription, SubscriptionPeriod


def grant(*, period: SubscriptionPeriod, now: dt.datetime) -> None:
    """Give a period's quotas."""


def withdraw(*, subscription: Subscription, now: dt.datetime) -> None:
    """Let a subscription go below zero no more."""
