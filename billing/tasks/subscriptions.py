"""Jobs of subscriptions: each asks the database what is due, so that twice is safe and late is only late."""

from typing import Any

from celery import shared_task

from billing.operations.subscriptions import dunning, late, moving, offering, renewing, trials
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


@shared_task(name="billing.send_move_notice")
def send_move_notice(*, move_id: int, **_: Any) -> None:
    """Mail the notice of a planned move; one that was sent is not sent again."""
    moving.tell(move_id=move_id, now=clock.now())


@shared_task(name="billing.sweep_move_notices")
def sweep_move_notices(**_: Any) -> None:
    """Send the notices whose job was lost; a move waits for its notice."""
    moving.sweep(now=clock.now())


@shared_task(name="billing.offer_plans")
def offer_plans(**_: Any) -> None:
    """Offer what would be cheaper, once a period, and send what was not sent."""
    offering.offer_due(now=clock.now())


@shared_task(name="billing.send_plan_offer")
def send_plan_offer(*, offer_id: int, **_: Any) -> None:
    """Mail an offer; one that was sent is not sent again."""
    offering.tell(offer_id=offer_id, now=clock.now())
