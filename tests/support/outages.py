"""What can go wrong between us and Stripe: each fault the stand-in offers, for one of a story's requests."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import stripe
from django.test import override_settings

from billing.stripe.errors import StripeUnavailableError
from config.devservices.home import HOST, free_port
from payouts.stripe.transfers import TransferUnknownError
from tests.support.crash_points import Life
from tests.support.processes import StripeStandin
from tests.support.stories import Lives, Stage, Story, in_peace

# The SDK asks again twice by itself.
EVERY_TRY: Final = 3
SLOW_MS: Final = 400
READ_SECONDS: Final = 0.2
FAULTS: Final[dict[str, dict[str, Any]]] = {
    "500 before the effect": {"kind": "error_before"},
    "500 after the effect": {"kind": "error_after"},
    "closed before the effect": {"kind": "drop_before"},
    "closed after the effect": {"kind": "drop_after"},
    "429": {"kind": "status", "status": 429, "code": "rate_limit"},
    "409": {"kind": "status", "status": 409, "code": "lock_timeout"},
    "no answer in time": {"kind": "delay", "ms": SLOW_MS},
}
# Words of a path that look like ids.
NAMES: Final = {"balance_transactions", "account_links", "login_links", "payment_intents", "payment_methods"}


@dataclass(frozen=True)
class Request:
    """A request that a story makes of Stripe, by what stays the same from story to story."""

    method: str
    path: str


def clear_faults(standin: StripeStandin) -> None:
    """Let everything work again."""
    request = urllib.request.Request(f"{standin.url}/_sim/faults", method="DELETE")
    with urllib.request.urlopen(request, timeout=10) as answer:
        json.load(answer)


@contextmanager
def fault(
    standin: StripeStandin, kind: dict[str, Any], at: Request, *, count: int = EVERY_TRY
) -> Iterator[None]:
    """Break a request for a while; it must have been made."""
    made = standin.post("/_sim/faults", **kind, method=at.method, path=at.path, count=count)
    yield
    if kind["kind"] == "delay":
        # What nobody waited for is done all the same.
        time.sleep(SLOW_MS / 1_000)
    hits = next(one["hits"] for one in standin.get("/_sim/faults")["data"] if one["id"] == made["id"])
    clear_faults(standin)
    assert hits, f"{at} was not made."


def broken(standin: StripeStandin, kind: dict[str, Any], at: Request, *, count: int = EVERY_TRY) -> Lives:
    """Act while a request is broken; what fails for it has no answer."""

    def lives(act: Callable[[], Any]) -> Life:
        with fault(standin, kind, at, count=count):
            return _answered(act)

    return lives


def perhaps_broken(standin: StripeStandin, kind: dict[str, Any], at: Request) -> Lives:
    """Act while a request is broken that may not be made at all."""

    def lives(act: Callable[[], Any]) -> Life:
        standin.post("/_sim/faults", **kind, method=at.method, path=at.path, count=EVERY_TRY)
        try:
            return _answered(act)
        finally:
            clear_faults(standin)

    return lives


def down(act: Callable[[], Any]) -> Life:
    """Act while nobody listens at Stripe's address."""
    with override_settings(STRIPE_API_BASE=f"http://{HOST}:{free_port()}"):
        return _answered(act)


def _answered(act: Callable[[], Any]) -> Life:
    try:
        return Life([], killed=False, answer=act())
    except (StripeUnavailableError, TransferUnknownError):
        return Life([], killed=True)


def watch(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Keep the requests that this process makes of Stripe, ids as wildcards."""
    seen: list[Request] = []
    request = stripe.RequestsClient.request

    def watched(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = (part if "_" not in part or part in NAMES else "*" for part in urlsplit(url).path.split("/"))
        seen.append(Request(method.upper(), "/".join(parts)))
        return request(self, method, url, *args, **kwargs)

    monkeypatch.setattr(stripe.RequestsClient, "request", watched)
    return seen


def made_by(stage: Stage, story: Story, seen: list[Request]) -> list[Request]:
    """Play a story; give the requests of its operation, each once."""
    made: list[Request] = []

    def lives(act: Callable[[], Any]) -> Life:
        before = len(seen)
        life = in_peace(act)
        made.extend(dict.fromkeys(seen[before:]))
        return life

    stage.play(story, lives)
    return made
