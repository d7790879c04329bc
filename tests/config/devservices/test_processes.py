"""Children never outlive the process that started them."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from config.devservices import environment
from config.devservices.processes import Command, start, wait_until
from tests.support.processes import eventually

# Starts one child that sleeps, and says its number.
PARENT = """
import sys, time
from config.devservices import environment
from config.devservices.processes import Command, start
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
child = start(Command("sleeper", sleep, environment.bare()), output=print)
print(child.process.pid, flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""


class TestDeath:
    @pytest.mark.faults
    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a SIGKILL")
    def test_it_takes_its_children_along_when_it_is_killed(self) -> None:
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT], cwd=environment.ROOT, stdout=subprocess.PIPE, text=True
        )
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()

        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()

        eventually(lambda: not psutil.pid_exists(child.pid) or child.status() == psutil.STATUS_ZOMBIE)

    def test_it_ends_a_child_that_does_not_listen(self, tmp_path: Path) -> None:
        said: list[str] = []
        command = Command("stubborn", [sys.executable, "-c", STUBBORN], environment.bare(), stop_seconds=0.2)
        child = start(command, output=lambda _, line: said.append(line))
        wait_until(lambda: said == ["up"], child=child, seconds=10)
        started = time.monotonic()

        child.stop()

        assert not child.running
        assert time.monotonic() - started < 5

    def test_it_says_that_a_child_ended_before_it_was_ready(self) -> None:
        command = Command("short", [sys.executable, "-c", "raise SystemExit(3)"], environment.bare())
        child = start(command, output=lambda *_: None)

        with pytest.raises(RuntimeError, match="short ended with status 3"):
            wait_until(lambda: False, child=child, seconds=10)
        child.stop()
