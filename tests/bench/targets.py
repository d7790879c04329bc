"""What the money path was asked to reach, judged by the lines that were measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench import batches, metering, processes, web
from tests.bench.rounds import Line, ratio

MANY: Final = f"{processes.PROCESSES} processes, {processes.BATCH} a call"


@dataclass(frozen=True)
class Target:
    """A ratio of two lines' rates that must be at least so much."""

    asked: str
    line: str
    base: str
    least: float


TARGETS: Final = (
    Target("reserve from 8 processes / pgbench", f"{processes.PROCESSES} processes", processes.BASE, 0.45),
    Target("the same, 50 a call", MANY, processes.BASE, 3.0),
    Target(
        "settle, 1,000 a call by one worker / floor", "settle reserved runs, 1,000 a call", batches.BASE, 2.0
    ),
    Target(
        "settle, 32 clients on one creator / spread",
        "settle: one creator, 32 clients",
        "settle: spread creators, 32 clients",
        0.9,
    ),
    Target("hot consumer / many, by batched reserve", f"{MANY}, one customer", MANY, 0.75),
    Target(
        "hot consumer, batched / many, one by one",
        f"{MANY}, one customer",
        f"{processes.PROCESSES} processes",
        0.75,
    ),
    Target("check+reserve over HTTP / bare view", web.RESERVE, web.BARE, 0.55),
    Target("events, 100 a request / single", metering.MANY.format(100), metering.SINGLE, 30.0),
    Target("ingestion, 1,000 a request / COPY", metering.MANY.format(1_000), metering.COPY, 0.5),
)
PACED_P99_MAX_MS: Final = 60.0


def rows(lines: Sequence[Line], *, paced_p99_ms: float) -> list[list[str]]:
    """Give the table: what was asked, what is, met or missed."""
    named = {line.name: line for line in lines}
    judged = [_row(target, named) for target in TARGETS]
    verdict = "met" if paced_p99_ms <= PACED_P99_MAX_MS else "**missed**"
    paced = [
        "check+reserve p99 at 100 a second",
        f"at most {PACED_P99_MAX_MS:.0f} ms",
        f"{paced_p99_ms:.1f} ms",
        verdict,
    ]
    return [["what", "asked", "measured", ""], *judged, paced]


def _row(target: Target, named: Mapping[str, Line]) -> list[str]:
    found = ratio(named[target.line].rates, named[target.base].rates)
    verdict = "met" if found >= target.least else f"**missed**, {found / target.least:.0%} of it"
    return [target.asked, f"at least {target.least:g}", f"{found:.2f}", verdict]
