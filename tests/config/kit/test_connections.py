"""A connection whose server has hung up is dropped before the next request uses it."""

import time
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from config.kit import connections

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 5.0


def backend() -> int:
    """Ask for this connection's process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def end(pid: int) -> None:
    """End a server process from outside, and wait until it is gone."""
    wanted: dict[str, Any] = {**connection.get_connection_params(), "autocommit": True}
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(
        **{name: wanted[name] for name in names if name in wanted}, autocommit=True
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
        until = time.monotonic() + PATIENCE_SECONDS
        while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone():
            assert time.monotonic() < until
            time.sleep(0.01)


def test_it_drops_a_connection_that_was_ended() -> None:
    end(backend())
    connections.drop_closed()
    assert backend() > 0


def test_it_keeps_a_connection_that_lives() -> None:
    before = backend()
    connections.drop_closed()
    assert backend() == before


def test_a_transaction_that_lost_its_server_fails_and_is_not_taken_up_by_another() -> None:
    with pytest.raises(OperationalError):
        _lose_the_server_midway()
    assert backend() > 0


def _lose_the_server_midway() -> None:
    with transaction.atomic():
        end(backend())
        connections.drop_closed()
        backend()
