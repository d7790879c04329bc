"""The webhook sender: at least once, with retries, from rows that survive a restart."""

import http.client
import json
import sqlite3
import threading
import time
from queue import SimpleQueue
from typing import Final
from urllib.parse import urlsplit

from config.devservices.stripe import signatures
from config.devservices.stripe.errors import Json
from config.devservices.stripe.store import Store

WORKERS: Final = 4
BATCH: Final = 20
TIMEOUT_SECONDS: Final = 20
ATTEMPTS_MAX: Final = 60
BACKOFF_MAX_SECONDS: Final = 60.0
STALE_SECONDS: Final = 3600
STOP_SECONDS: Final = 1.0


class Sender(threading.Thread):
    """Sends due deliveries until it is stopped."""

    def __init__(self, store: Store, *, backoff_seconds: float = 0.5) -> None:
        super().__init__(name="stripe-webhooks", daemon=True)
        self.store = store
        self.backoff_seconds = backoff_seconds
        self.stopping = False
        self.sending: set[int] = set()
        self.jobs: SimpleQueue[sqlite3.Row] = SimpleQueue()
        store.run(
            "UPDATE deliveries SET due = ? WHERE state = 'pending' AND due > ?", time.time(), time.time()
        )

    def run(self) -> None:
        """Send what is due, then wait for a write or a moment."""
        for _ in range(WORKERS):
            threading.Thread(target=self._work, name="stripe-webhook", daemon=True).start()
        while not self.stopping:
            self.store.changed.clear()
            for row in self._due():
                self.sending.add(row["id"])
                self.jobs.put(row)
            self.store.changed.wait(0.2)

    def stop(self) -> None:
        """Stop; deliveries under way get a second, and are sent again after a restart if that is too short."""
        self.stopping = True
        self.store.changed.set()
        self.join()
        patience = time.monotonic() + STOP_SECONDS
        while self.sending and time.monotonic() < patience:
            time.sleep(0.01)

    def _due(self) -> list[sqlite3.Row]:
        rows = self.store.rows(
            "SELECT * FROM deliveries WHERE state = 'pending' AND due <= ? ORDER BY due, id LIMIT ?",
            *(time.time(), BATCH + len(self.sending)),
        )
        return [row for row in rows if row["id"] not in self.sending]

    def _work(self) -> None:
        while True:
            row = self.jobs.get()
            try:
                if not self.stopping:
                    self._deliver(row)
            except sqlite3.ProgrammingError:
                if not self.stopping:
                    raise
            finally:
                self.sending.discard(row["id"])
                self.store.changed.set()

    def _deliver(self, row: sqlite3.Row) -> None:
        event, endpoint = self.store.find(row["event"]), self.store.find(row["endpoint"])
        if event is None or endpoint is None or endpoint["status"] != "enabled":
            self._record(row, state="cancelled", status=None, error="endpoint or event is gone")
            return
        status, error = send(event=event, endpoint=endpoint, tamper=row["tamper"])
        self._record(row, state=self._state(row, status), status=status, error=error)

    def _state(self, row: sqlite3.Row, status: int | None) -> str:
        if status is not None and 200 <= status < 300:
            return "delivered"
        return "pending" if row["attempts"] + 1 < ATTEMPTS_MAX and not row["tamper"] else "failed"

    def _record(self, row: sqlite3.Row, *, state: str, status: int | None, error: str | None) -> None:
        wait = min(self.backoff_seconds * 2 ** row["attempts"], BACKOFF_MAX_SECONDS)
        with self.store.transaction():
            self.store.run(
                "UPDATE deliveries SET state = ?, attempts = attempts + 1, due = ?, status = ?, error = ?, "
                "sent = ? WHERE id = ?",
                *(state, time.time() + wait, status, error, time.time(), row["id"]),
            )


def send(*, event: Json, endpoint: Json, tamper: str | None) -> tuple[int | None, str | None]:
    """Post a signed event and return (status, error)."""
    versioned = {**event, "api_version": endpoint["api_version"] or event["api_version"]}
    body = json.dumps(versioned, indent=2).encode()
    timestamp = int(time.time()) - (STALE_SECONDS if tamper == "stale" else 0)
    secret = "whsec_forged" if tamper == "forged" else endpoint["_secret"]
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (stand-in)",
        "Stripe-Signature": signatures.header(secret=secret, body=body, timestamp=timestamp),
    }
    return _post(endpoint["url"], body=body, headers=headers)


def _post(url: str, *, body: bytes, headers: dict[str, str]) -> tuple[int | None, str | None]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    try:
        connection = connect(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(
                "POST", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", body, headers
            )
            answer = connection.getresponse()
            return answer.status, answer.read(2000).decode(errors="replace") if answer.status >= 300 else None
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"
