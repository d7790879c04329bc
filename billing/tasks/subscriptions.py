"""Jobs of subscriptions: each asks the database what is due, so that twice is safe and late is only late."""

from typing import Any

from celery import shared_task

from billing.operations.subscriptions import dunning, late, renewing, trials
from config.kit import clock


@shared_task(name="billing.renew_subscriptions")
def renew_subscriptions(**_: Any) -> None:
    """Close the periods that are over and open the next ones; each closes once, under its subscription's lock.

    Periods that nothing follows are read a last time, when no event of theirs can come in any more.
    """
    now = clock.now()
    renewing.renew_due(now=now)
    late.sweep(now=now)


@shared_task(name="billing.follow_invoices")
def follow_invoices(**_: Any) -> None:
    """Bring subscriptions in line with what became of their invoices."""
    dunning.sweep(now=clock.now())


@shared_task(name="billing.tell_trials")
def tell_trials(**_: Any) -> None:
    """Send the mails before trials end; a trial that was told is not told again."""
    trials.tell_due(now=clock.now())
