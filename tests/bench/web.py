"""The hot calls over HTTP, compared with bare views on the same server; then the same few calls on other servers."""

import json
import random
from collections.abc import Callable, Mapping
from itertools import count
from statistics import quantiles
from typing import Any, Final

from config.devservices.home import HOST
from tests.bench.clients import Load
from tests.bench.functions import CUSTOMERS
from tests.bench.processor import Meter
from tests.bench.rounds import Measure, Sample

CONNECTIONS: Final = 16
EMPTY: Final = "empty view"
BARE: Final = "bare view: the reserve function only"
RESERVE: Final = "check with reserve"
PACED: Final = "check with reserve, at 100 a second"
# A round's requests: about a second each.
REQUESTS: Final = 480
EMPTY_REQUESTS: Final = 1_600
PACED_REQUESTS: Final = 300
Request = Callable[[], bytes]


def requests(demo: Mapping[str, Any]) -> dict[str, Request]:
    """Name the calls, and make their requests."""
    router, consumer = demo["router"]["api_key"], demo["consumer"]["api_key"]
    numbers = count(1)
    return {
        EMPTY: lambda: request("GET", "/bench/empty", ""),
        "empty view with a key": lambda: request("GET", "/bench/admitted", router),
        BARE: lambda: request("POST", "/bench/reserved", ""),
        "check": lambda: request("POST", "/internal/usage/check", router, run()),
        RESERVE: lambda: request("POST", "/internal/usage/check", router, run() | {"reserve": True}),
        "log": lambda: request(
            "POST", "/internal/usage/log", router, run() | {"event_id": f"w{next(numbers)}"}
        ),
        "balance": lambda: request("GET", "/v1/wallet/balance", consumer),
    }


def measures(port: int, demo: Mapping[str, Any], meter: Meter) -> tuple[list[Measure], dict[str, Load]]:
    """List the calls, and the loads that remember how long each request took."""
    made = requests(demo)
    loads = {name: Load(HOST, port, CONNECTIONS, each) for name, each in made.items()}
    loads[PACED] = Load(HOST, port, CONNECTIONS, made[RESERVE])
    listed = [Measure(name, _base(name), _timed(meter, load, name)) for name, load in loads.items()]
    return listed, loads


def on_servers(
    servers: Mapping[str, tuple[int, Meter]], demo: Mapping[str, Any]
) -> tuple[list[Measure], dict[str, Load]]:
    """List three calls on each server, compared with the first server's."""
    made = requests(demo)
    loads, listed = {}, []
    for call in (EMPTY, BARE, RESERVE):
        for server, (port, meter) in servers.items():
            name = f"{call}: {server}"
            loads[name] = Load(HOST, port, CONNECTIONS, made[call])
            listed.append(Measure(name, f"{call}: {next(iter(servers))}", _timed(meter, loads[name], call)))
    return listed, loads


def percentiles(load: Load) -> tuple[float, float]:
    """Give the median and the 99th percentile of a load's requests, in milliseconds."""
    cuts = quantiles(load.seconds, n=100)
    return cuts[49] * 1_000, cuts[98] * 1_000


def run() -> dict[str, Any]:
    """Make a run of one of the customers."""
    caller = f"cst_bench{random.randint(1, CUSTOMERS)}"
    return {"agent": "per-request", "caller": caller, "usage": {"request": 1}}


def request(method: str, path: str, key: str, body: Any = None) -> bytes:
    """Make the bytes of a request."""
    sent = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(sent)}"]
    if key:
        lines += [f"Authorization: Bearer {key}"]
    if sent:
        lines += ["Content-Type: application/json"]
    return "\r\n".join([*lines, "", ""]).encode() + sent


def _base(name: str) -> str:
    return BARE if name in (RESERVE, PACED) else EMPTY


def _timed(meter: Meter, load: Load, name: str) -> Callable[[], Sample]:
    if name == PACED:
        return lambda: _sample(
            meter, PACED_REQUESTS, lambda: load.run_paced(requests=PACED_REQUESTS, a_second=100)
        )
    sent = EMPTY_REQUESTS if name == EMPTY else REQUESTS
    return lambda: _sample(meter, sent, lambda: load.run(requests=sent))


def _sample(meter: Meter, sent: int, rate: Callable[[], float]) -> Sample:
    return meter.sample(lambda: (sent, sent / rate()))
