"""What a request may touch: the store, as one account, at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from config.devservices.stripe import clock, events, ids
from config.devservices.stripe.errors import Json, missing
from config.devservices.stripe.store import Store


@dataclass(frozen=True)
class Scope:
    """The store seen by one account during one request."""

    store: Store
    base_url: str
    account: str = ids.PLATFORM
    method: str = ""
    path: str = ""
    request_id: str | None = None
    idempotency_key: str | None = None

    @property
    def now(self) -> int:
        """Return the stand-in's time."""
        return clock.now(self.store)

    def acting_as(self, account: str) -> "Scope":
        """Return the same scope for another account."""
        return replace(self, account=account)

    def get(self, kind: str, object_id: str, *, param: str | None = None) -> Json:
        """Return an object of this account, or raise `resource_missing`."""
        found = self.store.find(object_id)
        if found is None or found["object"] != kind or self.store.owner(object_id) != self.account:
            raise missing(kind, object_id, param=param)
        return found

    def save(self, body: Json) -> Json:
        """Write an object of this account."""
        self.store.save(
            body, kind=body["object"], account=self.account, created=body.get("created", self.now)
        )
        return body

    def select(self, kind: str, *, where: Mapping[str, Any] | None = None) -> list[Json]:
        """Return this account's objects of a kind, newest first."""
        return self.store.select(kind, account=self.account, where=where)

    def emit(self, type: str, body: Json, *, before: Json | None = None) -> None:
        """Record an event about an object, and queue its webhooks."""
        events.record(
            self.store,
            account=self.account,
            type=type,
            body=body,
            before=before,
            created=self.now,
            request={"id": self.request_id, "idempotency_key": self.idempotency_key},
        )
