"""The request limit: shared by processes, open when the cache is away."""

from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from pytest_django.fixtures import Settings

from config.devservices.home import free_port
from config.kit import rate_limit
from config.kit.rate_limit import RateLimitedError

NOON = 1_772_452_800.0


@pytest.fixture(autouse=True)
def noon() -> Any:
    rate_limit.forget()
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller
    rate_limit.forget()


def take(times: int = 1) -> int:
    """Give how many of so many requests pass."""
    passed = 0
    for _ in range(times):
        try:
            rate_limit.take(who="key_1", kind="customer")
            passed += 1
        except RateLimitedError:
            pass
    return passed


@pytest.mark.parametrize("limit", [1, 5, 99, 100, 250])
def test_exactly_the_limit_passes(settings: Settings, limit: int) -> None:
    settings.RATE_LIMITS = {"customer": limit}

    assert take(limit + 10) == limit


def test_a_new_minute_starts_anew(settings: Settings, noon: Any) -> None:
    settings.RATE_LIMITS = {"customer": 2}
    assert take(3) == 2

    noon.move_to(NOON + 60)

    assert take(3) == 2


def test_processes_share_one_limit(settings: Settings) -> None:
    settings.RATE_LIMITS = {"customer": 10}
    assert take(4) == 4

    rate_limit.forget()  # what another process holds: the cache's count only

    assert take(10) == 6


def test_it_counts_down(settings: Settings) -> None:
    settings.RATE_LIMITS = {"customer": 200}

    remaining = [rate_limit.take(who="key_1", kind="customer").remaining for _ in range(5)]

    assert remaining == [199, 198, 197, 196, 195]


def test_it_seldom_asks_the_cache(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMITS = {"customer": 6000}
    asked: list[int] = []
    count = rate_limit._count

    def note_and_count(key: str, block: int) -> int | None:
        asked.append(block)
        return count(key, block)

    monkeypatch.setattr(rate_limit, "_count", note_and_count)

    take(600)

    assert asked == [60] * 10


def test_nobody_is_refused_while_the_cache_is_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMITS = {"customer": 5}
    failures: list[str] = []

    def fail(key: str, *_: Any, **__: Any) -> None:
        failures.append(key)
        raise ConnectionError

    monkeypatch.setattr(cache, "add", fail)

    assert take(50) == 50
    assert len(failures) == 1, "a cache that failed is left alone for a while"


@pytest.mark.django_db  # brings the real Valkey
def test_a_real_valkey_counts(settings: Settings) -> None:
    settings.RATE_LIMITS = {"customer": 10}
    settings.CACHES = _redis(settings.VALKEY_PORT)
    assert take(4) == 4

    rate_limit.forget()

    assert take(10) == 6


def test_a_port_where_nobody_listens_costs_little(settings: Settings) -> None:
    settings.RATE_LIMITS = {"customer": 5}
    settings.CACHES = _redis(free_port())

    assert take(50) == 50


def _redis(port: int) -> dict[str, Any]:
    default = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"redis://127.0.0.1:{port}/1",
    }
    return {"default": default}
