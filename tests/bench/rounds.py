"""Interleaved rounds: every measure once a round, so that whatever else the machine does falls on all alike."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

ROUNDS: Final = 5


@dataclass
class Measure:
    """Something to do; it answers how many a second it did. `base` is the name of what it is compared with."""

    name: str
    base: str
    run: Callable[[], float]
    rates: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A measure's median rate, and the median of its ratios to its base of the same round."""

    name: str
    base: str
    rate: float
    ratio: float


def compare(measures: Sequence[Measure], *, rounds: int = ROUNDS) -> list[Line]:
    """Run all measures round by round; give their lines in the same order."""
    for number in range(1, rounds + 1):
        for measure in measures:
            sys.stderr.write(f"round {number} of {rounds}: {measure.name}\n")
            measure.rates.append(measure.run())
    named = {measure.name: measure for measure in measures}
    return [_line(measure, named[measure.base]) for measure in measures]


def _line(measure: Measure, base: Measure) -> Line:
    ratios = [rate / floor for rate, floor in zip(measure.rates, base.rates, strict=True)]
    return Line(measure.name, measure.base, median(measure.rates), median(ratios))
