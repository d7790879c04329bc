"""Work for later, enqueued by name so that tasks may import operations without a circle.

A job is a hint, not the truth: rows are the queue and sweepers find what a lost message left behind. So a dead
broker never fails the request that has already committed.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Final

from celery import current_app
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

PUBLISH_RETRY: Final = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
_here: ContextVar[bool] = ContextVar("jobs_here", default=False)


def enqueue(name: str, *, countdown_seconds: int = 0, **kwargs: Any) -> None:
    """Send the named task once the current transaction has committed (at once when there is none)."""
    transaction.on_commit(partial(_send, name, countdown_seconds, kwargs), robust=True)


def run(name: str, **kwargs: Any) -> None:
    """Do the named task in this process; what it raises is raised."""
    current_app.tasks[name].apply(kwargs=kwargs, throw=True)


@contextmanager
def here() -> Iterator[None]:
    """Do what is enqueued meanwhile in this process, at once: for a clock that jumps, where no worker may follow."""
    # A process that is no worker has not read the tasks yet.
    current_app.loader.import_default_modules()
    token = _here.set(True)
    try:
        yield
    finally:
        _here.reset(token)


@contextmanager
def fenced(failure: str, *names: object) -> Iterator[None]:
    """Log what this block raises and go on: one row keeps no other waiting, and the next tick tries it again."""
    try:
        yield
    except SoftTimeLimitExceeded:
        # Not the row's failure: the tick is over.
        raise
    except Exception:
        logger.exception(failure, *names)


def _send(name: str, countdown_seconds: int, kwargs: dict[str, Any]) -> None:
    if _here.get():
        run(name, **kwargs)
        return
    try:
        current_app.send_task(
            name, kwargs=kwargs, countdown=countdown_seconds or None, retry_policy=PUBLISH_RETRY
        )
    except (OperationalError, OSError):
        logger.warning("job.unsent name=%s; its sweeper will find the row", name)
