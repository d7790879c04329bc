"""The Celery app and the beat schedule. Tasks live in `<app>/tasks.py` and are named `<app>.<verb_noun>`."""

import os
from typing import Any, Final

from celery import Celery
from celery.signals import beat_init, worker_init

from config.kit import checks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app: Final = Celery("farebox")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect(weak=False)
@beat_init.connect(weak=False)
def refuse_when_unsafe(**_: Any) -> None:
    """Stop a production worker or beat that is set up unsafely, before it takes a job."""
    checks.refuse_when_unsafe()
