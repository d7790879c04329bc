"""CPU time of a tree of processes, as the kernel counts it: on a shared machine it swings less than any rate."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from tests.bench.rounds import Sample


@dataclass(frozen=True)
class Tree:
    """A process and all that it starts."""

    pid: int

    def seconds(self) -> float:
        """Give the CPU time used so far, that of ended children included."""
        root = psutil.Process(self.pid)
        total = 0.0
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                used = process.cpu_times()
                total += used.user + used.system + used.children_user + used.children_system
        return total


@dataclass(frozen=True)
class Meter:
    """PostgreSQL's tree, and that of whoever calls it."""

    postgres: Tree
    callers: Tree | None = None

    def sample(self, work: Callable[[], tuple[int, float]]) -> Sample:
        """Measure work that answers how much it did, and in how many seconds."""
        before, callers_before = self._used()
        done, seconds = work()
        after, callers_after = self._used()
        micros = 1_000_000 / done
        return Sample(done / seconds, (after - before) * micros, (callers_after - callers_before) * micros)

    def _used(self) -> tuple[float, float]:
        return self.postgres.seconds(), self.callers.seconds() if self.callers else 0.0
