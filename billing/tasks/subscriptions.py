"""Jobs of subscriptions: each asks the database what is due, so that twice is safe and late is only late."""

from typing import Any

from celery import shared_task

from billing.operations.subscriptions import dunning, renewing
from config.kit import clock


@shared_task(name="billing.renew_subscriptions")
def renew_subscriptions(**_: Any) -> None:
    """Close the periods that are over and open the next ones; each closes once, under its subscription's lock."""
    renewing.renew_due(now=clock.now())


@shared_task(name="billing.follow_invoices")
def follow_invoices(**_: Any) -> None:
    """Bring subscriptions in line with what became of their invoices."""
    dunning.sweep(now=clock.now())
