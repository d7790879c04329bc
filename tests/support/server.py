"""One PostgreSQL server for all test processes of a home; the last one to leave stops it."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from config.devservices import environment, postgres
from config.devservices.home import DEFAULT_HOME, Home
from config.devservices.processes import start, wait_until

START_SECONDS: Final = 60.0
# A clone is two thousand files, and ext4 passes over inodes that were freed a moment ago one by one: dropped and made
# again there, it costs two seconds of the processor; in memory a tenth.
MEMORY: Final = Path("/dev/shm")
MEMORY_BYTES: Final = 2 * 1024**3


@contextlib.contextmanager
def shared_cluster() -> Iterator[tuple[postgres.Cluster, Path]]:
    """Join the home's test server, starting it for the first comer."""
    home = _home()
    with (home.path / "users.lock").open("a") as users:
        with turn(home.path):
            fcntl.flock(users, fcntl.LOCK_SH)
            cluster = _running(home) or _started(home)
        try:
            yield cluster, home.path
        finally:
            with turn(home.path), contextlib.suppress(BlockingIOError):
                # Nobody else shares it: we are the last.
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                postgres.stop(home.path)


@contextlib.contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Be the only one who starts, stops or migrates."""
    with (folder / "turn.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _home() -> Home:
    """Open the folder of this home's test server: in memory, where there is room for it."""
    on_disk = Path(os.environ.get("FAREBOX_HOME") or DEFAULT_HOME).absolute() / "test"
    in_memory = MEMORY / f"farebox-test-{hashlib.sha256(str(on_disk).encode()).hexdigest()[:12]}"
    roomy = in_memory.exists() or (MEMORY.exists() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES)
    return Home(in_memory if roomy else on_disk)


def _running(home: Home) -> postgres.Cluster | None:
    port = postgres.running_port(home.path)
    if port is None:
        return None
    cluster = postgres.Cluster(
        data=home.path / "postgres", port=port, passwords=environment.cluster_passwords(home), durable=False
    )
    return cluster if cluster.answers() else None


def _started(home: Home) -> postgres.Cluster:
    # fsync off: no test here pulls the plug of the machine; killing processes loses nothing.
    cluster = postgres.prepare(
        home=home.path,
        port=home.port("postgres"),
        passwords=environment.cluster_passwords(home),
        durable=False,
    )
    command = postgres.command(cluster, environ=environment.bare())
    with (home.path / "postgres.log").open("w") as log:
        child = start(command, output=log, outlives_us=True)
    wait_until(cluster.answers, child=child, seconds=START_SECONDS)
    postgres.ensure_roles(cluster)
    return cluster
