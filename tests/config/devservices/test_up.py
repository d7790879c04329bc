"""`make run` itself: one instance, started and ended as a person would."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config.devservices import environment
from config.devservices.home import free_port
from tests.support.processes import eventually, healthy

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300)]

UP = [sys.executable, "-m", "config.devservices", "up"]


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Make an environment for an instance of the tests' own, without the tests' addresses; forget it afterwards."""
    ours = ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "MAKELEVEL")
    kept = {n: v for n, v in os.environ.items() if n not in ours and not n.startswith("STRIPE_")}
    environ = {**kept, "PORT": str(free_port()), "FAREBOX_HOME": str(tmp_path_factory.mktemp("up"))}
    yield environ
    subprocess.run([*UP[:-1], "clean"], env=environ, cwd=environment.ROOT, check=True)


@pytest.fixture
def instance(environ: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start an instance and wait until it is ready."""
    with (tmp_path / "log.txt").open("w") as log:
        started = subprocess.Popen(UP, env=environ, cwd=environment.ROOT, stdout=log, stderr=log)
    eventually(
        lambda: started.poll() is not None or healthy(f"http://127.0.0.1:{environ['PORT']}"), seconds=240
    )
    yield started
    started.kill()
    started.wait()


class TestUp:
    def test_it_writes_the_demo_runs_once_and_leaves_nothing_behind(
        self, instance: subprocess.Popen[bytes], environ: dict[str, str], tmp_path: Path
    ) -> None:
        log = tmp_path / "log.txt"
        assert instance.poll() is None, log.read_text()
        assert (Path(environ["FAREBOX_HOME"]) / "demo.json").exists()
        second = subprocess.run(
            UP, env=environ, cwd=environment.ROOT, capture_output=True, text=True, check=False
        )
        assert (second.returncode, "running" in second.stdout) == (1, True)
        eventually(lambda: "Open http" in log.read_text(), seconds=60)
        everything = psutil.Process(instance.pid).children(recursive=True)
        assert len(everything) >= 6

        # The terminal was closed.
        instance.send_signal(signal.SIGHUP)

        assert instance.wait(timeout=60) == 0
        eventually(lambda: not [child for child in everything if _lives(child)])

    def test_it_ends_when_one_of_its_parts_dies(
        self, instance: subprocess.Popen[bytes], tmp_path: Path
    ) -> None:
        assert instance.poll() is None, (tmp_path / "log.txt").read_text()
        children = psutil.Process(instance.pid).children(recursive=True)
        broker = next(child for child in children if "valkey" in child.name())

        broker.kill()

        assert instance.wait(timeout=60) == 1
        eventually(lambda: not [child for child in children if _lives(child)])


def _lives(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
