"""Suggested rates (mission row T13), shown beside the pricing editor."""

from dataclasses import dataclass
from typing import Final

from wallets.money import MICRO, Micros


@dataclass(frozen=True, slots=True)
class Hint:
    """A usual range of what a run of one kind of agent costs."""

    label: str
    low: Micros
    high: Micros
    rationale: str


SUGGESTED_RATES: Final = (
    ("Simple query", 5, 20, "Low compute"),
    ("API wrapper", 10, 50, "External API cost"),
    ("AI generation", 50, 200, "LLM inference cost"),
    ("Complex research", 100, 500, "Multiple steps"),
)


def hints() -> tuple[Hint, ...]:
    """Give the suggested rates, in credits for a request."""
    return tuple(
        Hint(label, Micros(low * MICRO), Micros(high * MICRO), rationale)
        for label, low, high, rationale in SUGGESTED_RATES
    )
