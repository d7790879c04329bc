"""GET /healthz: ready when web, database, broker and migrations are."""

from collections.abc import Callable
from typing import Final

from celery import current_app
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

BROKER_TIMEOUT_SECONDS: Final = 2


class NotReadyError(Exception):
    """A part of the house is not there yet."""


def database_answers() -> None:
    """Ask the database for one row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def migrations_are_applied() -> None:
    """Compare the code's migrations with the database's. Raises NotReadyError when some are missing."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise NotReadyError(f"{len(missing)} migrations are not applied")


def broker_answers() -> None:
    """Open a connection to the broker."""
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_SECONDS)


PARTS: Final[dict[str, Callable[[], None]]] = {
    "database": database_answers,
    "migrations": migrations_are_applied,
    "broker": broker_answers,
}


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when every part is ready, else 503 and which is not."""
    states = {"web": "ok", **{name: _state(probe) for name, probe in PARTS.items()}}
    ready = all(state == "ok" for state in states.values())
    return JsonResponse({"status": "ok" if ready else "unavailable", **states}, status=200 if ready else 503)


def _state(probe: Callable[[], None]) -> str:
    try:
        probe()
    except (DatabaseError, OperationalError, OSError, NotReadyError) as error:
        # The text may name hosts or roles, and anyone may ask: the kind is enough.
        return type(error).__name__
    return "ok"
