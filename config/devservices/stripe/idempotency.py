"""Idempotency keys as Stripe keeps them: per account, with the answer, for a day."""

import hashlib
import json
import threading
from typing import Final

from config.devservices.stripe.clock import DAY
from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.forms import Form
from config.devservices.stripe.scope import Scope

KEY_MAX: Final = 255
KEPT_SECONDS: Final = DAY


class InFlight:
    """The keys being executed right now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[tuple[str, str]] = set()

    def enter(self, account: str, key: str) -> None:
        """Claim a key, or raise as Stripe does while another request holds it."""
        with self._lock:
            if (account, key) in self._keys:
                raise StripeError(
                    f"There is currently another in-progress request using this Idempotent Key: {key}",
                    status=409,
                    type="idempotency_error",
                    code="idempotency_key_in_use",
                )
            self._keys.add((account, key))

    def leave(self, account: str, key: str) -> None:
        """Let a key go."""
        with self._lock:
            self._keys.discard((account, key))


def fingerprint(*, method: str, path: str, form: Form) -> str:
    """Return a hash of what a key stands for."""
    return hashlib.sha256(json.dumps([method, path, form], sort_keys=True).encode()).hexdigest()


def check_key(key: str) -> None:
    """Refuse a key that is too long."""
    if len(key) > KEY_MAX:
        raise StripeError(
            f"Idempotency keys must be {KEY_MAX} characters or fewer.", type="idempotency_error"
        )


def recall(scope: Scope, *, key: str, print: str) -> tuple[int, Json, str] | None:
    """Return the stored (status, body, first request id) of a key, or raise if it stood for something else."""
    rows = scope.store.rows("SELECT * FROM idempotency WHERE account = ? AND key = ?", scope.account, key)
    if not rows or rows[0]["created"] + KEPT_SECONDS <= scope.now:
        return None
    if rows[0]["fingerprint"] != print:
        raise StripeError(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request.",
            type="idempotency_error",
        )
    return rows[0]["status"], json.loads(rows[0]["body"]), rows[0]["request"]


def remember(scope: Scope, *, key: str, print: str, status: int, body: Json) -> None:
    """Keep an answer under its key."""
    scope.store.run(
        "INSERT OR REPLACE INTO idempotency (account, key, fingerprint, status, body, request, created) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(scope.account, key, print, status, json.dumps(body), scope.request_id, scope.now),
    )
