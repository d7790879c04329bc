"""All state, in one SQLite file. One connection and one lock: a request is one transaction."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from config.devservices.stripe.errors import Json

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    account TEXT NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_of_kind ON objects (kind, account, seq);
CREATE INDEX IF NOT EXISTS objects_by_status ON objects (kind, json_extract(body, '$.status'));
CREATE INDEX IF NOT EXISTS objects_by_dispute ON objects (kind, json_extract(body, '$._dispute_at'));
CREATE TABLE IF NOT EXISTS movements (
    seq INTEGER PRIMARY KEY, txn TEXT NOT NULL, account TEXT NOT NULL, currency TEXT NOT NULL,
    net INTEGER NOT NULL, available_on INTEGER NOT NULL, created INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS movements_of_account ON movements (account, currency, available_on);
CREATE TABLE IF NOT EXISTS idempotency (
    account TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    body TEXT NOT NULL, request TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, tamper TEXT, status INTEGER, error TEXT, sent REAL);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, rule TEXT NOT NULL, remaining INTEGER, hits INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TABLES: Final = ("objects", "movements", "idempotency", "deliveries", "faults", "settings")


class Store:
    """Objects as JSON, and the few tables that need columns."""

    def __init__(self, path: Path | str) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Event()
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock and keep everything written inside, or nothing."""
        with self.lock:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")
        self.changed.set()

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        with self.lock:
            return self.db.execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        """Run a statement and return how many rows it touched."""
        with self.lock:
            return self.db.execute(sql, values).rowcount

    def find(self, object_id: str) -> Json | None:
        """Return the object with this id, whoever's it is."""
        rows = self.rows("SELECT body FROM objects WHERE id = ?", object_id)
        return json.loads(rows[0]["body"]) if rows else None

    def owner(self, object_id: str) -> str | None:
        """Return the account an object belongs to."""
        rows = self.rows("SELECT account FROM objects WHERE id = ?", object_id)
        return rows[0]["account"] if rows else None

    def save(self, body: Json, *, kind: str, account: str, created: int) -> None:
        """Insert or replace an object."""
        self.run(
            "INSERT INTO objects (id, kind, account, created, body) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            *(body["id"], kind, account, created, json.dumps(body)),
        )

    def delete(self, object_id: str) -> None:
        """Forget an object."""
        self.run("DELETE FROM objects WHERE id = ?", object_id)

    def select(
        self,
        kind: str,
        *,
        account: str | None = None,
        where: Mapping[str, Any] | None = None,
        clauses: str = "",
        values: tuple[Any, ...] = (),
        order: str = "seq DESC",
        limit: int = -1,
    ) -> list[Json]:
        """Return the objects of a kind whose top-level fields have the given values."""
        tests = ["kind = ?"]
        given: list[Any] = [kind]
        if account is not None:
            tests.append("account = ?")
            given.append(account)
        for field, value in (where or {}).items():
            tests.append(f"json_extract(body, '$.{field}') = ?")
            given.append(value)
        sql = f"SELECT body FROM objects WHERE {' AND '.join(tests)} {clauses} ORDER BY {order} LIMIT {limit}"
        return [json.loads(row["body"]) for row in self.rows(sql, *given, *values)]

    def setting(self, name: str, default: str) -> str:
        """Return a setting."""
        rows = self.rows("SELECT value FROM settings WHERE name = ?", name)
        return rows[0]["value"] if rows else default

    def set_setting(self, name: str, value: str) -> None:
        """Keep a setting."""
        self.run("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", name, value)

    def clear(self) -> None:
        """Forget everything but the numbers that were given: what is still under way must not be taken for new."""
        for table in TABLES:
            self.run(f"DELETE FROM {table}")

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.db.close()
