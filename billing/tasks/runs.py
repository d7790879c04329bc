"""Jobs around runs. Each asks the database what is due, so that twice is safe and late is only late."""

from typing import Any

from celery import shared_task

from billing.operations import executions, page_runs, partitions, posting, rollups
from config.kit import clock


@shared_task(name="billing.expire_holds")
def expire_holds(**_: Any) -> None:
    """Expire the executions whose time is over; each closes once, under its own lock."""
    executions.expire_due(now=clock.now())


@shared_task(name="billing.post_splits")
def post_splits(**_: Any) -> None:
    """Post what was settled; a second poster leaves it to the first."""
    posting.post_splits(now=clock.now())


@shared_task(name="billing.roll_up")
def roll_up(**_: Any) -> None:
    """Add ended runs to the sums that pages read; a run is added once, and a second roller leaves it to the first."""
    rollups.roll_up()


@shared_task(name="billing.make_partitions")
def make_partitions(**_: Any) -> None:
    """Make the coming months' partitions of usage events; those that exist stay."""
    partitions.make_ahead(now=clock.now())


@shared_task(name="billing.finish_page_run")
def finish_page_run(*, execution: str, **_: Any) -> None:
    """Settle a run from a page with the usage that was typed; settled already is fine."""
    page_runs.finish(execution=execution, now=clock.now())


@shared_task(name="billing.finish_page_runs")
def finish_page_runs(**_: Any) -> None:
    """Settle the page runs whose own job was lost."""
    page_runs.finish_left_behind(now=clock.now())
