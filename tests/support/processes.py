"""Real processes for tests: broker, worker, beat, web, stand-in. Each dies with the test process."""

import contextlib
import io
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from celery import current_app
from django.conf import global_settings, settings
from django.core.management import call_command
from django.test import override_settings

from config.devservices import application, environment, postgres, valkey
from config.devservices.home import HOST, free_port, port_is_free
from config.devservices.processes import Child, Command, start, wait_until
from tests.support import forks
from tests.support.database import Databases

START_SECONDS: Final = 90.0
# What config.settings.local says otherwise than config.settings.test and pytest do.
LIKE_LOCAL: Final = {
    "DEFAULT_PLAN": "free",
    "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend",
    "PASSWORD_HASHERS": global_settings.PASSWORD_HASHERS,
}


@contextlib.contextmanager
def running(command: Command, log: Path) -> Iterator[Child]:
    """Run a command while the block lasts; what it says is in the log."""
    with log.open("a") as output:
        child = start(command, output=output)
    try:
        yield child
    finally:
        child.stop()


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[None]:
    """Run Valkey at the port that the settings name."""
    command = valkey.command(port=settings.VALKEY_PORT, data=folder, environ=environment.bare())
    with running(command, folder / "log.txt") as child:
        wait_until(lambda: valkey.answers(settings.VALKEY_PORT), child=child, seconds=START_SECONDS)
        yield


@dataclass(frozen=True)
class Standin:
    """A Stripe stand-in, by its address."""

    url: str

    def post(self, path: str, /, **body: Any) -> Any:
        """Use one of its `/_sim/...` controls."""
        return _json(urllib.request.Request(self.url + path, json.dumps(body).encode(), _JSON, method="POST"))

    def get(self, path: str) -> Any:
        """Read one of its `/_sim/...` controls."""
        return _json(urllib.request.Request(self.url + path))

    def forget(self) -> None:
        """Make it as empty as one that was just started."""
        self.post("/_sim/reset")


@dataclass(frozen=True)
class StripeStandin(Standin):
    """The one that the settings point the SDK at, and the process that it is."""

    child: Child


@contextlib.contextmanager
def stripe_standin(folder: Path) -> Iterator[StripeStandin]:
    """Run the stand-in, empty, at the port that the settings name."""
    port = settings.STRIPE_STANDIN_PORT
    data = folder / "stripe.sqlite"
    command = application.stripe(environ=environment.bare(), port=port, data=data)
    with running(command, folder / "stripe.log") as child:
        wait_until(lambda: not port_is_free(port), child=child, seconds=START_SECONDS)
        yield StripeStandin(settings.STRIPE_API_BASE, child)


def application_environment(databases: Databases, *, site_url: str = "") -> dict[str, str]:
    """Return the environment of a process that works on the database the test uses now."""
    name = settings.DATABASES["default"]["NAME"]
    return {
        **environment.bare(),
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "SECRET_KEY": settings.SECRET_KEY,
        "SITE_URL": site_url or settings.SITE_URL,
        "DATABASE_URL": databases.url(name),
        "MIGRATE_DATABASE_URL": databases.url(name, postgres.OWNER),
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
        "CACHE_URL": "",
        "STRIPE_API_HOST": settings.STRIPE_API_BASE,
        "STRIPE_PAGE_ORIGINS": settings.STRIPE_API_BASE,
        "STRIPE_TEST_SECRET_KEY": settings.STRIPE_TEST_SECRET_KEY,
        "CREDIT_VALUE_USD": str(settings.CREDIT_VALUE_USD),
    }


@contextlib.contextmanager
def worker(environ: dict[str, str], folder: Path) -> Iterator[Child]:
    """Run a worker on an empty queue, ready to take jobs."""
    log = folder / "worker.log"
    valkey.flush(settings.VALKEY_PORT)
    with running(application.worker(environ=environ), log) as child:
        wait_until(_takes_jobs, child=child, seconds=START_SECONDS)
        yield child


def _takes_jobs() -> bool:
    """Tell whether a worker answers."""
    return bool(current_app.control.ping(timeout=0.5))


@dataclass(frozen=True)
class LiveApp:
    """A whole running instance on the test's own database."""

    url: str
    stripe: StripeStandin
    environ: dict[str, str]
    folder: Path
    worker: Child

    def manage(self, *argv: str) -> str:
        """Run a management command against it, with the settings of its processes; return what it printed."""

        def command() -> str:
            printed = io.StringIO()
            with redirect_stdout(printed), override_settings(SITE_URL=self.url, **LIKE_LOCAL):
                call_command(*argv)
            return printed.getvalue()

        return forks.in_copy(command)

    def seed(self) -> dict[str, Any]:
        """Seed the demo; return demo.json."""
        file = self.folder / "demo.json"
        self.manage("seed_demo", "--out", str(file))
        return dict(json.loads(file.read_text()))


@contextlib.contextmanager
def live_app(databases: Databases, stripe: StripeStandin, folder: Path) -> Iterator[LiveApp]:
    """Run web, worker and beat on the database the test uses now."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    environ = application_environment(databases, site_url=url)
    with (
        running(application.web(environ=environ, port=port, workers=1), folder / "web.log") as web,
        worker(environ, folder) as tasks,
        running(application.beat(environ=environ, schedule=folder / "schedule"), folder / "beat.log"),
    ):
        wait_until(lambda: healthy(url), child=web, seconds=START_SECONDS)
        yield LiveApp(url, stripe, environ, folder, tasks)


def healthy(url: str) -> bool:
    """Tell whether the instance calls itself ready."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def eventually(check: Any, *, seconds: float = 20.0, every: float = 0.1) -> Any:
    """Wait until a check returns something true; return it. Fails with its last value."""
    give_up_at = time.monotonic() + seconds
    while not (value := check()):
        assert time.monotonic() < give_up_at, f"Not within {seconds:.0f} s; last seen: {value!r}"
        time.sleep(every)
    return value


_JSON: Final = {"Content-Type": "application/json"}


def _json(request: urllib.request.Request) -> Any:
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{request.full_url}: {error.code} {error.read().decode()}") from error
