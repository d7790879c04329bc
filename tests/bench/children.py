"""Python processes of the bench's own that answer a line with a line."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from config.devservices import environment

Child = subprocess.Popen[str]


@contextlib.contextmanager
def children(module: str, *words: str, environ: Mapping[str, str], count: int = 1) -> Iterator[list[Child]]:
    """Start a module some times over; what was started ends with the block."""
    argv = [sys.executable, "-W", "ignore", "-m", module, *words]
    pipe = subprocess.PIPE
    environ = {**environ, "DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
    started = [
        subprocess.Popen(argv, env=environ, cwd=environment.ROOT, text=True, stdin=pipe, stdout=pipe)
        for _ in range(count)
    ]
    try:
        yield started
    finally:
        for child in started:
            child.kill()
            child.wait()


def ask(started: Sequence[Child], line: str) -> list[list[float]]:
    """Send all a line at once; give the numbers that each answers. Raises RuntimeError when one has ended."""
    for child in started:
        assert child.stdin is not None
        child.stdin.write(f"{line}\n")
        child.stdin.flush()
    return [_answer(child) for child in started]


def _answer(child: Child) -> list[float]:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise RuntimeError(f"{child.args!r} ended in the middle of a round.")
    return [float(word) for word in line.split()]
