"""What drivers share: counting what was accepted, and telling a failure so that one line runs it again."""

import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tests.provers.commands import Answer, Command

# A driver whose operations mostly fail proves little.
ACCEPTED_MIN: Final = 0.3
REFUSALS: Final = frozenset({"refused", "blocked"})


@dataclass
class Tally:
    """Operations by what came of them; each report of a batch is one."""

    answers: Counter[str] = field(default_factory=Counter)

    def add(self, command: Command, answer: Answer) -> None:
        """Count an answer."""
        for each in answer if isinstance(answer[0], tuple) else (answer,):
            self.answers[str(each[0])] += 1  # type: ignore[index]

    @property
    def operations(self) -> int:
        """Count all."""
        return self.answers.total()

    @property
    def accepted(self) -> int:
        """Count what was done, and not merely refused or answered again."""
        return self.operations - sum(self.answers[word] for word in (*REFUSALS, "replayed"))

    def check(self) -> None:
        """Assert that enough was accepted."""
        assert self.accepted >= ACCEPTED_MIN * self.operations, f"too little was accepted: {self}"

    def __add__(self, other: "Tally") -> "Tally":
        """Count together."""
        return Tally(self.answers + other.answers)

    def __str__(self) -> str:
        return f"{self.operations:,} operations, {self.accepted / self.operations:.0%} accepted"


def agree(answer: Answer, expected: Answer) -> None:
    """Raise AssertionError with where two answers differ; those to a batch are compared one by one."""
    if answer == expected:
        return
    if isinstance(answer[0], tuple) and len(answer) == len(expected):
        pairs = enumerate(zip(answer, expected, strict=True))
        told = "; ".join(f"report {n}: answered {a}, expected {e}" for n, (a, e) in pairs if a != e)
        raise AssertionError(told)
    raise AssertionError(f"answered {answer}, expected {expected}")


def failure(prover: str, *, seed: int, count: int, command: Command, error: Exception) -> AssertionError:
    """Say what differs, after which command, and how to run it again."""
    again = f"make prove PROVERS={prover} N={count} SEED={seed}"
    return AssertionError(f"{prover}, seed {seed}: {error}\n  at: {command}\n  again: {again}")


def progress(prover: str, done: int, count: int) -> None:
    """Say how far a prover has come, where somebody is looking."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{prover}: {min(done, count):,} of {count:,}" + ("\n" if done >= count else ""))
