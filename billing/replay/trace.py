"""Traces of LLM requests: read from a file, or made of the same shape."""

import csv
import datetime as dt
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final

from config.kit.errors import InvalidInputError

COLUMNS: Final = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
TOKENS_MAX: Final = 10**9
# The shape of a public trace of a chat service: log-normal sizes, about five requests a second.
INPUT_LOG_MEAN, INPUT_LOG_SPREAD = math.log(900), 0.9
OUTPUT_LOG_MEAN, OUTPUT_LOG_SPREAD = math.log(150), 0.9
GAP_SECONDS: Final = 0.18
OUTPUT_MAX: Final = 1_000
# Shown to the router before it runs: what a run may produce at most.
EXPECTED_OUTPUT: Final = 1_024


@dataclass(frozen=True, slots=True)
class Call:
    """One LLM request: when it came, after the first one, and its tokens."""

    number: int
    after_seconds: float
    input_tokens: int
    output_tokens: int

    @property
    def usage(self) -> dict[str, int]:
        """Give what it used."""
        return {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens}

    @property
    def expected(self) -> dict[str, int]:
        """Give what is known before it runs: the prompt, and a bound of the answer."""
        return {"input_tokens": self.input_tokens, "output_tokens": max(EXPECTED_OUTPUT, self.output_tokens)}


def read(*, path: Path, limit: int | None = None) -> list[Call]:
    """Read a CSV file with the columns TIMESTAMP, ContextTokens, GeneratedTokens; raise InvalidInputError."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if not set(COLUMNS) <= set(rows.fieldnames or ()):
            raise InvalidInputError(f"{path.name} lacks one of the columns {', '.join(COLUMNS)}.")
        return list(_calls(islice(rows, limit), path.name))


def make(*, count: int, seed: int) -> list[Call]:
    """Make a load of the same shape; a seed gives the same load."""
    chance = random.Random(seed)  # noqa: S311  (a load, not a secret)
    at, calls = 0.0, []
    for number in range(count):
        at += chance.expovariate(1 / GAP_SECONDS)
        sent = 1 + int(chance.lognormvariate(INPUT_LOG_MEAN, INPUT_LOG_SPREAD))
        got = 1 + min(OUTPUT_MAX, int(chance.lognormvariate(OUTPUT_LOG_MEAN, OUTPUT_LOG_SPREAD)))
        calls.append(Call(number, at, sent, got))
    return calls


def cost(*, calls: list[Call]) -> Decimal:
    """Sum what calls cost at 1 credit per 1,000 input and 3 per 1,000 output tokens."""
    tokens = sum(call.input_tokens + 3 * call.output_tokens for call in calls)
    return Decimal(tokens) / 1_000


def _calls(rows: Iterator[dict[str, str]], name: str) -> Iterator[Call]:
    first: dt.datetime | None = None
    for number, row in enumerate(rows):
        try:
            # The trace has seven digits of a second; six are what Python takes.
            at = dt.datetime.fromisoformat(row["TIMESTAMP"].strip()[:26])
            sent, got = int(row["ContextTokens"]), int(row["GeneratedTokens"])
        except (TypeError, ValueError) as error:
            raise InvalidInputError(f"{name}, line {number + 2}: {error}.") from error
        if not (0 <= sent <= TOKENS_MAX and 0 <= got <= TOKENS_MAX):
            raise InvalidInputError(f"{name}, line {number + 2}: a number of tokens is out of range.")
        first = first or at
        yield Call(number, max((at - first).total_seconds(), 0.0), sent, got)
