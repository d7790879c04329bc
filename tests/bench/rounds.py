"""Interleaved rounds: every measure once a round, so that whatever else the machine does falls on all alike."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

ROUNDS: Final = int(os.environ.get("ROUNDS") or 5)


@dataclass(frozen=True)
class Sample:
    """What one round of a measure came to; CPU is in microseconds an operation."""

    rate: float
    postgres_us: float
    callers_us: float = 0.0


@dataclass
class Measure:
    """Something to do. `base` is the name of what it is compared with."""

    name: str
    base: str
    run: Callable[[], Sample]
    samples: list[Sample] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A measure's medians, and the median of its ratios to its base of the same round."""

    name: str
    base: str
    rate: float
    ratio: float
    postgres_us: float
    callers_us: float
    rates: tuple[float, ...]


def compare(measures: Sequence[Measure], *, rounds: int = ROUNDS) -> list[Line]:
    """Run all measures round by round; give their lines in the same order."""
    for number in range(1, rounds + 1):
        for measure in measures:
            sys.stderr.write(f"round {number} of {rounds}: {measure.name}\n")
            measure.samples.append(measure.run())
    named = {measure.name: measure for measure in measures}
    return [_line(measure, named[measure.base]) for measure in measures]


def ratio(rates: Sequence[float], base: Sequence[float]) -> float:
    """Give the median of the ratios of one round each."""
    return median(rate / floor for rate, floor in zip(rates, base, strict=True))


def _line(measure: Measure, base: Measure) -> Line:
    rates = tuple(sample.rate for sample in measure.samples)
    return Line(
        name=measure.name,
        base=measure.base,
        rate=median(rates),
        ratio=ratio(rates, [sample.rate for sample in base.samples]),
        postgres_us=median(sample.postgres_us for sample in measure.samples),
        callers_us=median(sample.callers_us for sample in measure.samples),
        rates=rates,
    )
