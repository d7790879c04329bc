"""Child processes that never outlive us: each in a group of its own, told to end when we do, even by SIGKILL."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Final

PR_SET_PDEATHSIG: Final = 1
STOP_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.05
LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

# Ctrl-C reaches only us (the children have sessions of their own), and we end them in order.


@dataclass(frozen=True)
class Command:
    """What to start, and how to ask it to end."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = STOP_SECONDS
    user: tuple[int, int] | None = None
    cwd: str | None = None


@dataclass
class Child:
    """A started command."""

    command: Command
    process: subprocess.Popen[str]
    printer: threading.Thread | None = field(default=None)

    @property
    def running(self) -> bool:
        """Tell whether the process still runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Ask it to end, wait, then end its whole group by force."""
        if self.running:
            self.process.send_signal(self.command.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.command.stop_seconds)
        # Also what it may have left behind: the group outlives its leader.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def start(
    command: Command, *, output: Callable[[str, str], None] | IO[str], outlives_us: bool = False
) -> Child:
    """Start a command; its output goes line by line to a function of (name, line), or into a file."""
    user, group = command.user or (None, None)
    process: subprocess.Popen[str] = subprocess.Popen(
        command.argv,
        env=dict(command.env),
        cwd=command.cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if callable(output) else output,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        user=user,
        group=group,
        extra_groups=None if command.user is None else [],
        preexec_fn=None if outlives_us else _dies_with_us(os.getpid(), command.stop_signal),  # noqa: PLW1509
    )
    child = Child(command, process)
    if callable(output):
        child.printer = threading.Thread(target=_pump, args=(child, output), daemon=True)
        child.printer.start()
    return child


def wait_until(ready: Callable[[], bool], *, child: Child, seconds: float) -> None:
    """Wait for a child to be ready. Raises RuntimeError when it ends first or takes too long."""
    give_up_at = time.monotonic() + seconds
    while not ready():
        if not child.running:
            raise RuntimeError(f"{child.command.name} ended with status {child.process.returncode}.")
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"{child.command.name} was not ready after {seconds:.0f} seconds.")
        time.sleep(POLL_SECONDS)


def _dies_with_us(parent: int, stop_signal: signal.Signals) -> Callable[[], None] | None:
    if LIBC is None:
        return None

    def ask_the_kernel() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(stop_signal))
        # We may have died between the fork and that call.
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


def _pump(child: Child, output: Callable[[str, str], None]) -> None:
    for line in child.process.stdout or ():
        output(child.command.name, line.rstrip("\n"))
