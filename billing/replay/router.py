"""A router of threads, each with one connection that stays open: check with reserve, then settle by tokens."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from billing.replay.cast import Cast
from billing.replay.trace import Call

CHECK: Final = "/internal/usage/check"
LOG: Final = "/internal/usage/log"
TRIES_MAX: Final = 8
RETRY_SECONDS: Final = 0.25
TIMEOUT_SECONDS: Final = 60.0


class ReplayError(RuntimeError):
    """The API did not answer as its contract says."""


@dataclass
class Tally:
    """What came of a replay."""

    runs: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    charged: Decimal = Decimal(0)
    creator: Decimal = Decimal(0)
    platform: Decimal = Decimal(0)
    check_seconds: list[float] = field(default_factory=list)
    log_seconds: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: "Tally") -> None:
        """Take another's figures in."""
        self.runs += other.runs
        self.refused += other.refused
        self.charged += other.charged
        self.creator += other.creator
        self.platform += other.platform
        self.check_seconds += other.check_seconds
        self.log_seconds += other.log_seconds


class Line:
    """One connection of the router. A call that fails half-way is repeated under the same key."""

    def __init__(self, *, url: str, secret: str) -> None:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    def post(self, path: str, body: dict[str, Any], *, key: str) -> dict[str, Any]:
        """Post until there is an answer; raise ReplayError for one that is not in the contract."""
        for _ in range(TRIES_MAX):
            try:
                self._connection.request(
                    "POST", path, json.dumps(body), {**self._headers, "Idempotency-Key": key}
                )
                response = self._connection.getresponse()
                answer = response.read()
            except (http.client.HTTPException, OSError):
                self._connection.close()
            else:
                if response.status < 500 and response.status != 429:
                    return self._judge(path, response.status, answer)
            time.sleep(RETRY_SECONDS)
        raise ReplayError(f"{path} does not answer.")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _judge(self, path: str, status: int, answer: bytes) -> dict[str, Any]:
        if status not in (200, 201):
            raise ReplayError(f"{path} answered {status}: {answer.decode(errors='replace')[:500]}")
        found: dict[str, Any] = json.loads(answer)
        return found


def play(
    *,
    calls: list[Call],
    cast: Cast,
    url: str,
    run: str,
    speed: float,
    at_once: int,
    progress: Callable[[int], None],
) -> Tally:
    """Play all calls and tally what came of them. Speed 0 plays them as fast as they are answered."""
    total, lock, done = Tally(), threading.Lock(), Counter[str]()
    queue, started = iter(calls), time.monotonic()

    def one(_: int) -> None:
        line, mine = Line(url=url, secret=cast.router.secret), Tally()
        while True:
            with lock:
                call = next(queue, None)
            if call is None:
                break
            if speed:
                time.sleep(max(0.0, started + call.after_seconds / speed - time.monotonic()))
            _play_one(line, call, cast, run, mine)
            with lock:
                done["calls"] += 1
                progress(done["calls"])
        line.close()
        with lock:
            total.add(mine)

    with ThreadPoolExecutor(max_workers=at_once) as pool:
        list(pool.map(one, range(at_once)))
    total.seconds = time.monotonic() - started
    return total


def _play_one(line: Line, call: Call, cast: Cast, run: str, tally: Tally) -> None:
    asked = {
        "agent": cast.agents[call.number % len(cast.agents)],
        "caller": cast.callers[call.number % len(cast.callers)],
        "usage": call.expected,
        "reserve": True,
    }
    name = f"{run}:{call.number}"
    at = time.monotonic()
    reserved = line.post(CHECK, asked, key=f"check:{name}")
    tally.check_seconds.append(time.monotonic() - at)
    if not reserved["allowed"]:
        tally.refused[reserved["blocking_gate"]] += 1
        return
    said = {
        "execution": reserved["execution"],
        "usage": call.usage,
        "event_id": name,
        "outcome": "success",
    }
    at = time.monotonic()
    settled = line.post(LOG, said, key=f"log:{name}")
    tally.log_seconds.append(time.monotonic() - at)
    tally.runs += 1
    tally.charged += Decimal(settled["charged"]["credits"])
    tally.creator += Decimal(settled["split"]["creator"]["credits"])
    tally.platform += Decimal(settled["split"]["platform"]["credits"])
