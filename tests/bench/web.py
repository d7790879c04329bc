"""The hot calls over HTTP, compared with two bare views on the same server."""

import json
import random
from collections.abc import Callable, Mapping
from itertools import count
from statistics import quantiles
from typing import Any, Final

from config.devservices.home import HOST
from tests.bench.clients import Load
from tests.bench.rounds import Measure

CONNECTIONS: Final = 16
CUSTOMERS: Final = 10_000
EMPTY: Final = "empty view"
# A round's requests: about a second each.
REQUESTS: Final = 480
EMPTY_REQUESTS: Final = 1_600


def measures(port: int, demo: Mapping[str, Any]) -> tuple[list[Measure], dict[str, Load]]:
    """List the calls, and the loads that remember how long each request took."""
    router, consumer = demo["router"]["api_key"], demo["consumer"]["api_key"]
    events = count(1)
    requests: dict[str, Callable[[], bytes]] = {
        EMPTY: lambda: _request("GET", "/bench/empty", ""),
        "empty view with a key": lambda: _request("GET", "/bench/admitted", router),
        "check": lambda: _request("POST", "/internal/usage/check", router, _run()),
        "check with reserve": lambda: _request(
            "POST", "/internal/usage/check", router, _run() | {"reserve": True}
        ),
        "log": lambda: _request(
            "POST", "/internal/usage/log", router, _run() | {"event_id": f"web{next(events)}"}
        ),
        "balance": lambda: _request("GET", "/v1/wallet/balance", consumer),
    }
    loads = {name: Load(HOST, port, CONNECTIONS, request) for name, request in requests.items()}
    return [Measure(name, EMPTY, _timed(load, name)) for name, load in loads.items()], loads


def percentiles(load: Load) -> tuple[float, float]:
    """Give the median and the 99th percentile of a load's requests, in milliseconds."""
    cuts = quantiles(load.seconds, n=100)
    return cuts[49] * 1_000, cuts[98] * 1_000


def _timed(load: Load, name: str) -> Callable[[], float]:
    return lambda: load.run(requests=EMPTY_REQUESTS if name == EMPTY else REQUESTS)


def _run() -> dict[str, Any]:
    caller = f"cst_bench{random.randint(1, CUSTOMERS)}"
    return {"agent": "per-request", "caller": caller, "usage": {"request": 1}}


def _request(method: str, path: str, key: str, body: dict[str, Any] | None = None) -> bytes:
    sent = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(sent)}"]
    if key:
        lines += [f"Authorization: Bearer {key}"]
    if sent:
        lines += ["Content-Type: application/json"]
    return "\r\n".join([*lines, "", ""]).encode() + sent
