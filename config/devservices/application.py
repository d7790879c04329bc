"""The application's own processes, as production runs them: web, worker, beat."""

import sys
from pathlib import Path

from config.devservices.environment import ROOT
from config.devservices.home import HOST
from config.devservices.processes import Command

STOP_SECONDS = 5.0


def web(*, environ: dict[str, str], port: int, workers: int = 2) -> Command:
    """Describe the web server."""
    words = f"-m granian --interface wsgi --no-ws --log-level error --host {HOST} --port {port}"
    words += f" --workers {workers} --blocking-threads 8 config.wsgi:application"
    return _python("web", words.split(), environ)


def worker(*, environ: dict[str, str]) -> Command:
    """Describe a worker with two processes."""
    words = "-m celery --quiet -A config worker --concurrency 2 --loglevel warning"
    return _python("worker", words.split(), environ)


def beat(*, environ: dict[str, str], schedule: Path) -> Command:
    """Describe the beat, which remembers its last ticks in a file; no pid file can go stale."""
    words = ["-m", "celery", "--quiet", "-A", "config", "beat", "--loglevel", "warning", "--pidfile"]
    return _python("beat", [*words, "", "--schedule", str(schedule)], environ)


def stripe(*, environ: dict[str, str], port: int, data: Path) -> Command:
    """Describe the Stripe stand-in, which keeps what it knows in a file."""
    words = f"-m config.devservices.stripe --port {port}".split()
    return _python("stripe", [*words, "--data", str(data)], environ)


def _python(name: str, words: list[str], environ: dict[str, str]) -> Command:
    return Command(name, [sys.executable, *words], environ, stop_seconds=STOP_SECONDS, cwd=str(ROOT))
