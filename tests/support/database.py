"""Databases for tests: one migrated template for each state of the migrations, and clones of it.

Ordinary tests roll back in the process's own clone. Transactional tests get a fresh clone each and never flush: the
append-only triggers forbid it, and so does the application's role.
"""

import contextlib
import hashlib
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg
from django.conf import settings
from django.db import connections
from psycopg import sql

from config.devservices import environment, postgres
from tests.support.server import turn

ROOT: Final = environment.ROOT
# What the shape of a fresh database depends on; the first part is third parties' tables, slow to make, seldom changed.
BASE_SOURCES: Final = (
    "accounts/migrations/*.py",
    "billing/stripe/djstripe_migrations/*.py",
    "requirements.txt",
)
BASE_APPS: Final = ("djstripe", "account", "admin", "sessions")
OUR_SETTINGS: Final = "tests.support.template_settings"
SOURCES: Final = (
    "*/migrations/*.py",
    "*/sql/**/*.sql",
    "billing/stripe/djstripe_migrations/*.py",
    "requirements.txt",
)
TEMPLATES_KEPT: Final = 3
PREFIX: Final = "farebox_test"


class Databases:
    """Makes and drops the clones of one test process, and points Django at one of them."""

    def __init__(self, cluster: postgres.Cluster, folder: Path) -> None:
        self.cluster = cluster
        self._numbers = itertools.count(1)
        with turn(folder):
            self._drop_orphans()
            self.template = self._ensure_template()

    def clone(self) -> str:
        """Make a fresh copy of the template."""
        name = f"{PREFIX}_{os.getpid()}_{next(self._numbers)}"
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, self.template)
        return name

    def drop(self, name: str) -> None:
        """Drop a clone, whoever still holds a connection to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def use(self, name: str) -> None:
        """Point every new connection of this process, in any thread, at a database."""
        connections.close_all()
        port, password = self.cluster.port, self.cluster.passwords[postgres.APP]
        settings.DATABASES["default"].update(NAME=name, HOST="127.0.0.1", PORT=port, PASSWORD=password)

    @contextlib.contextmanager
    def fresh(self) -> Iterator[str]:
        """Use a fresh clone for a while."""
        before = settings.DATABASES["default"]["NAME"]
        name = self.clone()
        self.use(name)
        try:
            yield name
        finally:
            self.use(before)
            self.drop(name)

    def url(self, name: str, role: str = postgres.APP) -> str:
        """Name a database as one of the roles, for a process that a test starts."""
        return self.cluster.url(role, name)

    def _ensure_template(self) -> str:
        base = f"{PREFIX}_base_{_shape(BASE_SOURCES)}"
        name = f"{PREFIX}_template_{_shape(SOURCES)}"
        if base not in self._names("base"):
            self._build(base, BASE_APPS, start_from="template1", settings_module="config.settings.local")
        if name not in self._names("template"):
            self._build(name, (), start_from=base, settings_module=OUR_SETTINGS)
        return name

    def _build(self, name: str, apps: Sequence[str], *, start_from: str, settings_module: str) -> None:
        """Make a template by migrating a copy of another; it gets its name when it is whole."""
        building = f"{PREFIX}_building"
        self.drop(building)
        self._run("CREATE DATABASE {} TEMPLATE {} OWNER {}", building, start_from, postgres.OWNER)
        postgres.ensure_database(self.cluster, building)
        self._migrate(building, apps, settings_module)
        self._run("ALTER DATABASE {} RENAME TO {}", building, name)
        self._drop_old(name)

    def _migrate(self, name: str, apps: Sequence[str], settings_module: str) -> None:
        environ = {
            **environment.bare(),
            "DJANGO_SETTINGS_MODULE": settings_module,
            "FAREBOX_PROCESS": "migrate",
            "DATABASE_URL": self.url(name),
            "MIGRATE_DATABASE_URL": self.url(name, postgres.OWNER),
            "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
            "STRIPE_TEST_SECRET_KEY": settings.STRIPE_TEST_SECRET_KEY,
        }
        migrate = [sys.executable, "-m", "tests.support.migrate", *apps]
        done = subprocess.run(migrate, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"The migrations failed:\n{done.stdout}{done.stderr}")

    def _drop_orphans(self) -> None:
        """Drop the clones of test processes that were killed."""
        for name in self._names(""):
            number = name.removeprefix(f"{PREFIX}_").partition("_")[0]
            if number.isdigit() and not psutil.pid_exists(int(number)):
                self.drop(name)

    def _drop_old(self, newest: str) -> None:
        kind = newest.removeprefix(f"{PREFIX}_").partition("_")[0]
        older = [name for name in self._names(kind) if name != newest]
        for name in older[: -TEMPLATES_KEPT + 1]:
            # Somebody else may be cloning it this moment: then it stays.
            with contextlib.suppress(psycopg.Error):
                self._run("DROP DATABASE {}", name)

    def _names(self, kind: str) -> list[str]:
        with self.cluster.connect() as connection:
            rows = connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE %s ORDER BY oid", [f"{PREFIX}_{kind}%"]
            )
            return [str(name) for (name,) in rows]

    def _run(self, statement: str, *names: str) -> None:
        with self.cluster.connect() as connection:
            parts: list[Any] = [sql.Identifier(name) for name in names]
            connection.execute(sql.SQL(statement).format(*parts))


def _shape(sources: Sequence[str]) -> str:
    digest = hashlib.sha256(str(settings.CREDIT_VALUE_USD).encode())
    for pattern in sources:
        for file in sorted(ROOT.glob(pattern)):
            digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    digest.update(postgres.ROLES_SQL.read_bytes())
    return digest.hexdigest()[:12]
