"""A request limit per key and minute, counted in the cache by leased blocks.

Each process takes a hundredth of the limit from the shared counter at a time and serves from it, so that a
request seldom costs a trip to the cache and several processes still share one limit. The cache may be away:
then nobody is refused (a limit guards the house; money has its own guards).
"""

import logging
import threading
import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.cache import cache

from config.kit.errors import DomainError

logger = logging.getLogger(__name__)

WINDOW_SECONDS: Final = 60
BLOCKS: Final = 100
PAUSE_SECONDS: Final = 5.0  # how long a cache that failed is left alone
LEASES_MAX: Final = 10_000


@dataclass(frozen=True)
class Rate:
    """What the RateLimit header fields say."""

    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """Write the two fields of the IETF draft."""
        return {
            "RateLimit-Policy": f'"default";q={self.limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"default";r={self.remaining};t={self.reset_seconds}',
        }


class RateLimitedError(DomainError):
    """This key has used up its minute."""

    code = "rate_limited"
    status = 429
    title = "Too many requests"

    def __init__(self, rate: Rate) -> None:
        super().__init__(f"At most {rate.limit} requests a minute; try again in {rate.reset_seconds} s.")
        self.headers = {**rate.headers(), "Retry-After": str(rate.reset_seconds)}


@dataclass
class _Lease:
    window: int
    left: int = 0
    shared_left: int = 0


_leases: dict[str, _Lease] = {}
_lock = threading.Lock()
_cache_rests_until = 0.0


def take(*, who: str, kind: str) -> Rate:
    """Count one request of this principal; raise RateLimitedError when its minute is used up."""
    limit: int = settings.RATE_LIMITS[kind]
    window, into = divmod(int(time.time()), WINDOW_SECONDS)
    with _lock:
        if len(_leases) > LEASES_MAX:
            _leases.clear()
        lease = _leases.get(who)
        if lease is None or lease.window != window:
            lease = _leases[who] = _Lease(window=window, shared_left=limit)
        if lease.left == 0:
            _renew(lease, who, limit)
        granted = lease.left > 0
        lease.left -= granted
        rate = Rate(limit, lease.left + lease.shared_left, WINDOW_SECONDS - into)
    if not granted:
        raise RateLimitedError(rate)
    return rate


def forget() -> None:
    """Drop what this process holds (tests)."""
    global _cache_rests_until  # noqa: PLW0603
    with _lock:
        _leases.clear()
        _cache_rests_until = 0.0


def _renew(lease: _Lease, who: str, limit: int) -> None:
    block = max(1, limit // BLOCKS)
    taken = _count(f"rate:{who}:{lease.window}", block)
    lease.shared_left = max(0, limit - taken) if taken is not None else limit
    lease.left = max(0, min(block, limit - (taken - block))) if taken is not None else block


def _count(key: str, block: int) -> int | None:
    global _cache_rests_until  # noqa: PLW0603
    if time.monotonic() < _cache_rests_until:
        return None
    try:
        cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
        return int(cache.incr(key, block))
    except Exception:  # noqa: BLE001  (whatever the cache's client raises: a limit fails open)
        logger.warning("rate_limit.cache_unavailable")
        _cache_rests_until = time.monotonic() + PAUSE_SECONDS
        return None
