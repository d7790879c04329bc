"""The audit trail of the staff: who did what to what, why, and from where. Only ever added to."""

import datetime as dt
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest

from accounts.models import AuditEntry, User

REASON_MAX: Final = 500
# Who answers for an act that others cannot look up: people of the staff, and whoever may run commands on the machine.
AUDITED: Final = ("staff:", "command:")
_written: ContextVar[int] = ContextVar("audit entries written", default=0)
_from: ContextVar[str | None] = ContextVar("where staff act from", default=None)


@dataclass(frozen=True)
class Staff:
    """A member of staff who acts, and from where."""

    user: User
    address: str | None

    @property
    def actor(self) -> str:
        """Name the person, as histories do."""
        return named(user=self.user)


def named(*, user: User) -> str:
    """Name a member of staff, as histories do."""
    return f"staff:{user.get_username()}"[:80]


def record(
    *, actor: str, act: str, object_id: str, reason: str, address: str | None, now: dt.datetime
) -> AuditEntry:
    """Add an entry, in the caller's transaction where there is one: what was done and its entry, or neither."""
    _written.set(_written.get() + 1)
    return AuditEntry.objects.create(
        actor=actor[:100],
        act=act[:80],
        object_id=object_id[:120],
        reason=reason[:REASON_MAX],
        address=address,
        at=now,
    )


def acted(*, actor: str, act: str, object_id: str, reason: str, now: dt.datetime) -> None:
    """Record what an operation did, in its own transaction, where staff or a command had it done.

    What jobs and customers do has its history; from where staff ask is known of each request (`asked_from`).
    """
    if actor.startswith(AUDITED):
        record(actor=actor, act=act, object_id=object_id, reason=reason, address=_from.get(), now=now)


@contextmanager
def asked_from(address: str | None) -> Iterator[None]:
    """Say from where all that is done in this block is asked for."""
    token = _from.set(address)
    try:
        yield
    finally:
        _from.reset(token)


def repeated() -> None:
    """Say that what was asked was done, and written down, by an earlier request: a double click is no second act."""
    _written.set(_written.get() + 1)


def written() -> int:
    """Count what this thread has written or found written: whoever compares two counts sees whether there was any."""
    return _written.get()


def staff(*, request: HttpRequest) -> Staff:
    """Name the member of staff who asks."""
    assert isinstance(request.user, User)
    return Staff(user=request.user, address=address_of(request=request))


def address_of(*, request: HttpRequest) -> str | None:
    """Tell where a request comes from: what the last of our own proxies saw, else the connection's other end.

    What stands left of that in X-Forwarded-For is whatever the caller wrote there.
    """
    proxies = int(settings.TRUSTED_PROXY_COUNT)
    passed = request.headers.get("X-Forwarded-For", "").split(",") if proxies else []
    said = passed[-proxies] if len(passed) >= proxies > 0 else request.META.get("REMOTE_ADDR", "")
    try:
        # PostgreSQL knows no zones (fe80::1%eth0).
        return str(ipaddress.ip_address(said.strip().partition("%")[0]))
    except ValueError:
        return None
