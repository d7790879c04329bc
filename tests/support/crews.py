"""A whole instance of which each part can be killed by SIGKILL and started again, on a PostgreSQL of its own."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import psutil
import redis
from django.conf import settings
from django.db import connections

from config.devservices import application, environment, postgres, valkey
from config.devservices.home import HOST, free_port
from config.devservices.processes import Child, Command, start, wait_until
from tests.support.processes import START_SECONDS, healthy

PARTS: Final = ("postgres", "valkey", "web", "worker", "beat")


@dataclass
class Crew:
    """The parts of one instance."""

    url: str
    cluster: postgres.Cluster
    broker_port: int
    commands: dict[str, Command]
    folder: Path
    running: dict[str, Child] = field(default_factory=dict)

    def start(self, part: str) -> None:
        """Start a part, and wait until it answers."""
        if part == "postgres":
            (self.cluster.data / "postmaster.pid").unlink(missing_ok=True)
        with (self.folder / f"{part}.log").open("a") as output:
            child = start(self.commands[part], output=output)
        self.running[part] = child
        wait_until(self._answers(part), child=child, seconds=START_SECONDS)

    def kill(self, part: str) -> None:
        """Kill a part and its children at once, as the kernel does when memory is short."""
        # Our own sessions end with the server.
        connections.close_all()
        leader = psutil.Process(self.running[part].process.pid)
        family = [leader, *leader.children(recursive=True)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self.running.pop(part).process.wait()
        psutil.wait_procs(family, timeout=10)

    def stop(self) -> None:
        """End everything; nothing of it is worth an orderly shutdown."""
        for part in reversed(list(self.running)):
            self.kill(part)

    def _answers(self, part: str) -> Callable[[], bool]:
        answers: dict[str, Callable[[], bool]] = {
            "postgres": self.cluster.answers,
            "valkey": lambda: valkey.answers(self.broker_port),
            "web": lambda: healthy(self.url),
            # A worker that finds no database while it starts ends; whoever runs it starts it again.
            "worker": lambda: _takes_jobs(self.broker_port),
        }
        return answers.get(part, lambda: True)


@contextlib.contextmanager
def crew(shared: postgres.Cluster, environ: dict[str, str], folder: Path) -> Iterator[Crew]:
    """Run a crew on a copy of the test's database, and point this process at the copy."""
    port, broker_port = free_port(), free_port()
    cluster = replace(shared, data=_copied(shared), port=free_port())
    name = settings.DATABASES["default"]["NAME"]
    environ = environ | {
        "SITE_URL": f"http://{HOST}:{port}",
        "DATABASE_URL": cluster.url(postgres.APP, name),
        "MIGRATE_DATABASE_URL": cluster.url(postgres.OWNER, name),
        "CELERY_BROKER_URL": broker_url(broker_port),
    }
    commands = {
        "postgres": postgres.command(cluster, environ=environment.bare()),
        "valkey": valkey.command(port=broker_port, data=folder, environ=environment.bare()),
        "web": application.web(environ=environ, port=port, workers=1),
        "worker": application.worker(environ=environ),
        "beat": application.beat(environ=environ, schedule=folder / "schedule"),
    }
    made = Crew(f"http://{HOST}:{port}", cluster, broker_port, commands, folder)
    try:
        with _pointed_at(cluster):
            for part in PARTS:
                made.start(part)
            yield made
    finally:
        made.stop()
        shutil.rmtree(cluster.data, ignore_errors=True)


def broker_url(port: int) -> str:
    """Name the broker at a port."""
    return f"redis://{HOST}:{port}/0"


def _takes_jobs(broker_port: int) -> bool:
    # A worker listens for remote control once it takes jobs; ours pings through another broker's pool.
    with redis.Redis(host=HOST, port=broker_port) as broker:
        return bool(broker.pubsub_numpat() or broker.pubsub_channels())


def _copied(shared: postgres.Cluster) -> Path:
    """Copy the running server's files; as its user, beside its own, where it may enter."""
    data = shared.data.with_name(f"killed-{os.getpid()}")
    owner = shared.data.stat()
    if os.geteuid() == 0:
        data.mkdir(mode=0o700)
        os.chown(data, owner.st_uid, owner.st_gid)
    argv = [str(postgres._programs() / "bin" / "pg_basebackup"), "--checkpoint=fast", "--no-sync"]
    argv += ["-d", shared.url(postgres.SUPERUSER, "postgres"), "-D", str(data)]
    as_owner: dict[str, Any] = (
        {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    )
    subprocess.run(argv, check=True, capture_output=True, cwd=data.parent, **as_owner)
    return data


@contextlib.contextmanager
def _pointed_at(cluster: postgres.Cluster) -> Iterator[None]:
    before = settings.DATABASES["default"]["PORT"]
    _use_port(cluster.port)
    try:
        yield
    finally:
        _use_port(before)


def _use_port(port: int) -> None:
    connections.close_all()
    settings.DATABASES["default"]["PORT"] = port
