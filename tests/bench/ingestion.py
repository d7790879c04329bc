"""Runs reserved and usage logged over HTTP, one a request and many."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from config.devservices.home import HOST
from tests.bench import web
from tests.bench.clients import Load
from tests.bench.processor import Meter
from tests.bench.rounds import Measure, Sample

CHECK: Final = "check with reserve, 1 a request"
CHECKS: Final = "check with reserve, 50 a request"
LOG: Final = "log, 1 event a request"
LOGS: Final = "log, {:,} events a request"


@dataclass(frozen=True)
class Door:
    """One of the router's two calls, which take one thing or a list of them."""

    path: str
    many: str
    item: Callable[[], dict[str, Any]]

    def body(self, size: int) -> dict[str, Any]:
        """Make the body of a request."""
        return self.item() if size == 1 else {self.many: [self.item() for _ in range(size)]}


def measures(port: int, demo: Mapping[str, Any], meter: Meter) -> list[Measure]:
    """List the two calls by the size of a request."""
    numbers = count(1)
    key = demo["router"]["api_key"]
    check = Door("check", "checks", lambda: web.run() | {"reserve": True})
    log = Door("log", "events", lambda: web.run() | {"event_id": f"ingest{next(numbers)}"})

    def of(door: Door, size: int, *, requests: int, connections: int) -> Callable[[], Sample]:
        def sent() -> bytes:
            return web.request("POST", f"/internal/usage/{door.path}", key, door.body(size))

        load = Load(HOST, port, connections, sent)
        return lambda: meter.sample(lambda: (requests * size, requests / load.run(requests=requests)))

    return [
        Measure(CHECK, CHECK, of(check, 1, requests=400, connections=16)),
        Measure(CHECKS, CHECK, of(check, 50, requests=80, connections=8)),
        Measure(LOG, LOG, of(log, 1, requests=400, connections=16)),
        Measure(LOGS.format(100), LOG, of(log, 100, requests=40, connections=4)),
        Measure(LOGS.format(1_000), LOG, of(log, 1_000, requests=6, connections=2)),
    ]
