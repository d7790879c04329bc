"""The bench's own instance: PostgreSQL, Valkey and stand-in on 127.0.0.1, the demo, customers with credits."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from config.devservices import application, environment, postgres
from config.devservices.__main__ import START_SECONDS, Instance, answers, say
from config.devservices.home import HOST, Home, free_port
from config.devservices.processes import Child, Command, start, wait_until
from tests.bench.functions import CUSTOMERS
from tests.bench.processor import Tree

SETUP_SQL: Final = Path(__file__).parent / "setup.sql"
# The same two processes of eight threads each; uvicorn runs a plain view in one thread a process, whatever is asked.
OTHER_SERVERS: Final = {
    "gunicorn gthread": "gunicorn --worker-class gthread --workers 2 --threads 8 --bind {host}:{port}"
    " --keep-alive 30 --log-level error config.wsgi:application",
    "uvicorn": "uvicorn --workers 2 --host {host} --port {port} --log-level error config.asgi:application",
}


@contextlib.contextmanager
def instance(*, customers: int = CUSTOMERS) -> Iterator[Instance]:
    """Run an instance that is forgotten afterwards; its PostgreSQL is durable, as production's is."""
    os.environ["PORT"] = str(free_port())
    with tempfile.TemporaryDirectory(prefix="farebox-bench-") as folder:
        # PostgreSQL's user must be able to enter it.
        Path(folder).chmod(0o755)
        running = Instance(Home(Path(folder)))
        try:
            running.start_services()
            running.prepare_database()
            with running.cluster.connect(environment.DATABASE) as connection:
                setup = SETUP_SQL.read_text().replace(":customers", str(customers))
                connection.execute(setup.encode())
            yield running
        finally:
            running.stop()
            postgres.forget(running.home.path)


def postgres_tree(running: Instance) -> Tree:
    """Give the instance's PostgreSQL: the postmaster and all its sessions."""
    return Tree(int((running.cluster.data / "postmaster.pid").read_text().split()[0]))


@contextlib.contextmanager
def web(running: Instance, name: str = "granian") -> Iterator[tuple[Child, int]]:
    """Serve the application, with the bench's bare views beside it; give the server and its port."""
    environ = {**running.environ, "DJANGO_SETTINGS_MODULE": "tests.bench.settings", "FAREBOX_PROCESS": "web"}
    port = free_port()
    child = start(_command(name, environ, port), output=say)
    try:
        url = f"http://{HOST}:{port}/bench/empty"
        wait_until(lambda: answers(url), child=child, seconds=START_SECONDS)
        yield child, port
    finally:
        child.stop()


def _command(name: str, environ: dict[str, str], port: int) -> Command:
    if name == "granian":
        return application.web(environ=environ, port=port)
    words = OTHER_SERVERS[name].format(host=HOST, port=port).split()
    return Command(name, [sys.executable, "-m", *words], environ, cwd=str(environment.ROOT))
