"""What billing does when something below it happens."""

import datetime as dt
from typing import Any

from django.dispatch import receiver

from accounts.models import Customer
from accounts.signals import customer_opened
from billing.operations.subscriptions import defaults


@receiver(customer_opened, dispatch_uid="billing.default_plan")
def start_default_plan(*, customer: Customer, now: dt.datetime, **_: Any) -> None:
    """Give a new customer the plan that everybody has, in the same transaction."""
    defaults.give(customer=customer, now=now)
