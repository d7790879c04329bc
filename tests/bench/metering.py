"""Meter events over HTTP, one a request and many; beside COPY into the same table with the same unique key."""

import json
import random
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

from config.devservices.home import HOST
from tests.bench import web
from tests.bench.batches import Session
from tests.bench.clients import Load
from tests.bench.functions import CUSTOMERS
from tests.bench.processor import Meter
from tests.bench.rounds import Measure, Sample

SINGLE: Final = "events, 1 a request"
MANY: Final = "events, {:,} a request"
COPY: Final = "COPY, 10,000 rows a transaction"
COLUMNS: Final = "source, event_id, type, customer_id, occurred_at, recorded_at, data"
SOURCE: Final = "//bench/chat"
TYPE: Final = "llm.completed"
ROWS: Final = 10_000
COPIES: Final = 3


def measures(port: int, demo: Mapping[str, Any], session: Session, meter: Meter) -> list[Measure]:
    """List the call by the size of a request, and COPY."""
    numbers = count(1)
    key = demo["service"]["api_key"]

    def of(size: int, *, requests: int, connections: int) -> Callable[[], Sample]:
        def sent() -> bytes:
            events = [_event(next(numbers)) for _ in range(size)]
            return web.request("POST", "/v1/events", key, events[0] if size == 1 else events)

        def round_() -> Sample:
            # Made before the clock runs: a thousand events take the load generator as long as the server.
            bodies = iter([sent() for _ in range(requests)])
            load = Load(HOST, port, connections, lambda: next(bodies))
            return meter.sample(lambda: (requests * size, requests / load.run(requests=requests)))

        return round_

    return [
        Measure(SINGLE, SINGLE, of(1, requests=400, connections=16)),
        Measure(MANY.format(100), SINGLE, of(100, requests=80, connections=4)),
        Measure(MANY.format(1_000), SINGLE, of(1_000, requests=16, connections=4)),
        Measure(COPY, SINGLE, lambda: meter.sample(lambda: _copy(session, numbers))),
    ]


def _event(number: int) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"event{number}",
        "source": SOURCE,
        "type": TYPE,
        "subject": f"cst_bench{random.randint(1, CUSTOMERS)}",
        "data": {"input_tokens": 1200, "output_tokens": 340, "model": "small"},
    }


def _copy(session: Session, numbers: "count[int]") -> tuple[int, float]:
    now = session.execute("SELECT now()").fetchone()
    assert now is not None
    data = json.dumps(_event(0)["data"])
    began = time.perf_counter()
    for _ in range(COPIES):
        with session.cursor().copy(f"COPY bench.meterevent ({COLUMNS}) FROM STDIN".encode()) as copy:
            for _ in range(ROWS):
                number = next(numbers)
                copy.write_row((SOURCE, f"event{number}", TYPE, number % CUSTOMERS, now[0], now[0], data))
    return COPIES * ROWS, time.perf_counter() - began
