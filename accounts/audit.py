"""The audit trail of the staff: who did what to what, why, and from where. Only ever added to."""

import datetime as dt
import ipaddress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest

from accounts.models import AuditEntry, User

REASON_MAX: Final = 500
_written: ContextVar[int] = ContextVar("audit entries written", default=0)


@dataclass(frozen=True)
class Staff:
    """A member of staff who acts, and from where."""

    user: User
    address: str | None

    @property
    def actor(self) -> str:
        """Name the person, as histories do."""
        return f"staff:{self.user.get_username()}"[:80]


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
