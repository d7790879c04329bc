"""Do to the books what every guard refuses: a superuser with triggers off and constraints dropped."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection

from config.devservices import postgres
from tests import conftest
from wallets import books


@contextmanager
def superuser(monkeypatch: pytest.MonkeyPatch, *, tables: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection that passes the guards of an app's tables; the proof reads through it, so that damage can be
    rolled back.
    """
    name = connection.settings_dict["NAME"]
    with conftest.databases.cluster.connect(name, postgres.SUPERUSER) as passing:
        passing.execute("SET session_replication_role = replica")
        rows = passing.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE conrelid::regclass::text"
            f" LIKE '{tables}%' AND contype IN ('c', 'u')"
        ).fetchall()
        for table, constraint in rows:
            passing.execute(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{constraint}" CASCADE')
        monkeypatch.setattr(books, "connection", passing)
        yield passing
