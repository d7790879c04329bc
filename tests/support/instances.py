"""An instance of one's own: PostgreSQL, Valkey and stand-in on 127.0.0.1, migrated; forgotten afterwards."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from config.devservices import postgres
from config.devservices.__main__ import Instance
from config.devservices.home import Home, free_port


@contextlib.contextmanager
def forgotten(name: str) -> Iterator[Instance]:
    """Run one; its PostgreSQL is durable, as production's is. Web and worker are not started."""
    os.environ["PORT"] = str(free_port())
    with tempfile.TemporaryDirectory(prefix=f"farebox-{name}-") as folder:
        # PostgreSQL's user must be able to enter it.
        Path(folder).chmod(0o755)
        running = Instance(Home(Path(folder)))
        try:
            running.start_services()
            running.prepare_database()
            yield running
        finally:
            running.stop()
            postgres.forget(running.home.path)
