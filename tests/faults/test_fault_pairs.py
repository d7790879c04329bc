"""Two faults in one story: a kill, then a kill or a broken request while it recovers. `make faults` plays many.

FAULT_MINUTES bounds it (0: FAULT_PAIRS does) and FAULT_SEED repeats it; without one, the seed is a new one.
"""

import os
import random
import sys
import time as real_time
from collections.abc import Callable
from typing import Any, Final

import pytest
import stripe

from tests.support import crash_points, footprints, outages
from tests.support.crash_points import Life
from tests.support.outages import FAULTS, Request
from tests.support.stories import Lives, Stage, Story, in_peace, killed_at, told
from tests.support.tales import invoices, payouts, purchases, runs

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.skipif("FAULT_MINUTES" not in os.environ, reason="played by make faults"),
    pytest.mark.timeout(0),
    pytest.mark.django_db(transaction=True),
]

TALES: Final = {**runs.TALES, **purchases.TALES, **invoices.TALES, **payouts.TALES}
FEW_PAIRS: Final = 16


class Pairs:
    """Draws a story and two faults, and judges the end."""

    def __init__(self, stage: Stage, seen: list[Request], seed: int) -> None:
        self.stage, self.seen, self.dice = stage, seen, random.Random(seed)
        self._known: dict[str, tuple[list[str], int, int, list[Request]]] = {}

    def play(self) -> list[str]:
        """Play one pair; give what went wrong."""
        tale = self.dice.choice(sorted(TALES))
        calm, acts, recovers, requests = self._learn(tale, TALES[tale])
        first = self.dice.randint(1, acts)
        second = self._second(recovers, requests)
        where = f"{tale}, killed before boundary {first}, then {second[0]}"
        _, found = self.stage.play(TALES[tale], killed_at(first), disturbed=second[1])
        return told(where, footprints.differences(found, calm) + self.stage.broken_books())

    def _learn(self, tale: str, story: Story) -> tuple[list[str], int, int, list[Request]]:
        """Play a story in peace, once; give its end, and how many boundaries and which requests it has."""
        if tale not in self._known:
            self.stage.play(story, in_peace)
            recovery: list[Life] = []
            before = len(self.seen)

            def counted(act: Callable[[], Any]) -> Life:
                recovery.append(crash_points.live(act))
                return recovery[0]

            life, calm = self.stage.play(story, crash_points.live)
            requests = list(dict.fromkeys(self.seen[before:]))
            self.stage.play(story, killed_at(len(life.boundaries)), disturbed=counted)
            self._known[tale] = (calm, len(life.boundaries), len(recovery[0].boundaries), requests)
        return self._known[tale]

    def _second(self, recovers: int, requests: list[Request]) -> tuple[str, Lives]:
        if requests and self.dice.random() < 0.5:
            request, fault = self.dice.choice(requests), self.dice.choice(sorted(FAULTS))
            return f"{request}: {fault}", outages.perhaps_broken(self.stage.stripe, FAULTS[fault], request)
        boundary = self.dice.randint(1, max(recovers, 1))
        return f"its recovery before boundary {boundary}", killed_at(boundary)


def test_two_faults_end_as_a_quiet_day(stripe_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0)
    minutes = float(os.environ.get("FAULT_MINUTES") or 0)
    seed = int(os.environ.get("FAULT_SEED") or random.randrange(10**9))
    pairs = Pairs(stripe_stage, outages.watch(monkeypatch), seed)
    ends_at, played, wrongs = real_time.monotonic() + 60 * minutes, 0, list[str]()
    while real_time.monotonic() < ends_at if minutes else played < _pairs():
        wrongs += pairs.play()
        played += 1
    closing = (
        f"Pairs of faults: {played} played, {len(wrongs)} ended otherwise than in peace; FAULT_SEED={seed}"
    )
    print(closing, file=sys.__stderr__)
    assert not wrongs, "\n".join([closing, *wrongs])


def _pairs() -> int:
    return int(os.environ.get("FAULT_PAIRS") or FEW_PAIRS)
