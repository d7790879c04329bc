"""Jobs of the market: each asks the database what is due, so that twice is safe and late is only late."""

from typing import Any

from celery import shared_task

from config.kit import clock
from marketplace import collaborators
from marketplace.rate_cards import alerts


@shared_task(name="marketplace.watch_rates")
def watch_rates(**_: Any) -> None:
    """Tell staff of rates that cost more than is charged; of each once a day."""
    alerts.watch(now=clock.now())


@shared_task(name="marketplace.tell_invited")
def tell_invited(**_: Any) -> None:
    """Mail those who were asked to have a part of an agent."""
    collaborators.tell_invited(now=clock.now())
