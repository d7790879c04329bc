"""The bench's own instance: PostgreSQL, Valkey and stand-in on 127.0.0.1, the demo, 10,000 customers with credits."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from config.devservices import application, environment, postgres
from config.devservices.__main__ import START_SECONDS, Instance, answers, say
from config.devservices.home import Home, free_port
from config.devservices.processes import start, wait_until

SETUP_SQL: Final = Path(__file__).parent / "setup.sql"


@contextlib.contextmanager
def instance() -> Iterator[Instance]:
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
                connection.execute(SETUP_SQL.read_bytes())
            yield running
        finally:
            running.stop()
            postgres.forget(running.home.path)


@contextlib.contextmanager
def web(running: Instance) -> Iterator[str]:
    """Serve the application, with the bench's bare views beside it; give its address."""
    environ = {**running.environ, "DJANGO_SETTINGS_MODULE": "tests.bench.settings", "FAREBOX_PROCESS": "web"}
    child = start(application.web(environ=environ, port=running.at.web), output=say)
    try:
        wait_until(lambda: answers(f"{running.at.site_url}/bench/empty"), child=child, seconds=START_SECONDS)
        yield running.at.site_url
    finally:
        child.stop()
