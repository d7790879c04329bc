"""`make run` and `make clean-dev`: one instance of everything, started in order, ended in the opposite order."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import IO, Final

from config.devservices import application, environment, postgres, valkey
from config.devservices.home import AlreadyRunningError, Home, free_port, port_is_free
from config.devservices.processes import Child, Command, start, wait_until

ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WATCH_SECONDS: Final = 0.2
# Long: a machine under load is slow to start, and what died meanwhile is seen at once.
START_SECONDS: Final = 600.0


class StopRequestedError(Exception):
    """Someone asked us to end: Ctrl-C, a signal, or the closing of the terminal."""


class Instance:
    """Everything that one `make run` started."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.at = environment.addresses(home)
        self.children: list[Child] = []
        self.cluster = postgres.prepare(
            home=home.path, port=self.at.postgres, passwords=environment.cluster_passwords(home)
        )
        self.environ = environment.application(home, self.cluster, self.at)
        environment.remember(home, self.environ)

    def start(self) -> None:
        """Start everything, in order."""
        self.start_services()
        self.prepare_database()
        self.start_application()

    def start_services(self) -> None:
        """Start what the application stands on: PostgreSQL, Valkey, the Stripe stand-in."""
        bare = environment.bare()
        log = (self.home.path / "postgres.log").open(
            "a"
        )  # every refused statement is in it: too much for a terminal
        database = self._start(postgres.command(self.cluster, environ=bare), log)
        folder = self.home.path / "valkey"
        broker = self._start(valkey.command(port=self.at.valkey, data=folder, environ=bare))
        if "STRIPE_API_HOST" in self.environ:
            data = self.home.path / "stripe.sqlite"
            standin = self._start(application.stripe(environ=bare, port=self.at.stripe, data=data))
            wait_until(lambda: not port_is_free(self.at.stripe), child=standin, seconds=START_SECONDS)
        wait_until(self.cluster.answers, child=database, seconds=START_SECONDS)
        wait_until(lambda: valkey.answers(self.at.valkey), child=broker, seconds=START_SECONDS)

    def prepare_database(self) -> None:
        """Make roles and database, migrate as the owner, and seed the demo; again only when something changed."""
        done = {"shape": environment.shape(self.cluster, self.at)}
        if self.home.kept("prepared") == done and self.demo_file.exists():
            return
        postgres.ensure_roles(self.cluster)
        postgres.ensure_database(self.cluster, environment.DATABASE)
        self.manage("migrate", "--no-input", "--verbosity", "1")
        self.manage("seed_demo", "--out", str(self.demo_file))
        self.home.keep("prepared", done)

    def start_application(self) -> None:
        """Start web, and when it answers, worker and beat: three at once would keep the first page waiting."""
        site = self._start(application.web(environ=self.environ, port=self.at.web))
        wait_until(lambda: answers(f"{self.at.site_url}/healthz"), child=site, seconds=START_SECONDS)
        self._start(application.worker(environ=self.environ))
        self._start(application.beat(environ=self.environ, schedule=self.home.path / "celerybeat-schedule"))

    def watch(self) -> str:
        """Wait until a child ends; say which."""
        launcher = os.getppid()
        while True:
            time.sleep(WATCH_SECONDS)
            for child in self.children:
                if not child.running:
                    return f"{child.command.name} ended with status {child.process.returncode}"
            # Make was killed and could not tell us.
            if "MAKELEVEL" in os.environ and os.getppid() != launcher:
                return "make ended"

    def stop(self) -> None:
        """End all of it, what was started last first."""
        for number in ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(self.children):
            child.stop()

    @property
    def demo_file(self) -> Path:
        """Where the demo's addresses and sign-ins are written."""
        return self.home.path / "demo.json"

    def _start(self, command: Command, log: IO[str] | None = None) -> Child:
        child = start(command, output=log or say)
        self.children.append(child)
        return child

    def manage(self, *argv: str) -> None:
        """Run a management command. Raises RuntimeError when it fails."""
        subprocess.run(
            [sys.executable, "manage.py", *argv], env=self.environ, cwd=environment.ROOT, check=True
        )


def up() -> int:
    """Start everything, print where to go, and stay until told to end or a child ends."""
    for number in ENDINGS:
        signal.signal(number, _ask_to_stop)
    home = Home.from_environment()
    try:
        home.lock()
        return _run(home)
    except AlreadyRunningError as error:
        say("farebox", str(error))
        return 1
    except StopRequestedError:
        return 0


def clean() -> int:
    """Forget an instance: its data, ports and secrets."""
    home = Home.from_environment()
    try:
        home.lock()
    except AlreadyRunningError as error:
        say("farebox", f"{error} Stop it first.")
        return 1
    postgres.forget(home.path)
    shutil.rmtree(home.path)
    return 0


def answers(url: str) -> bool:
    """Tell whether a page answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def prove(argv: list[str]) -> int:
    """Replay a trace against a fresh instance of its own, then prove its books; forget the instance."""
    for number in ENDINGS:
        signal.signal(number, _ask_to_stop)
    os.environ["PORT"] = str(free_port())
    with tempfile.TemporaryDirectory(prefix="farebox-prove-") as folder:
        # PostgreSQL's user must be able to enter it.
        Path(folder).chmod(0o755)
        instance = Instance(Home(Path(folder)))
        try:
            instance.start()
            instance.manage("replay", *argv)
            instance.manage("check_books")
        except (RuntimeError, StopRequestedError) as error:
            say("farebox", f"Not proven: {error}")
            return 1
        finally:
            instance.stop()
            postgres.forget(instance.home.path)
    return 0


def say(name: str, line: str) -> None:
    """Print a line under the name of who said it; a closed terminal must not keep us from ending the children."""
    try:
        print(f"{name:>8} | {line}", flush=True)
    except OSError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115


def _run(home: Home) -> int:
    instance = Instance(home)
    if not port_is_free(instance.at.web):
        say(
            "farebox",
            f"Port {instance.at.web} is taken. PORT=8001 FAREBOX_HOME=.dev2 make run starts beside it.",
        )
        return 1
    try:
        instance.start()
        _welcome(instance)
        say("farebox", f"{instance.watch()}: stopping everything.")
    except RuntimeError as error:
        say("farebox", f"{error}: stopping everything.")
    except StopRequestedError:
        say("farebox", "Stopping.")
        return 0
    finally:
        instance.stop()
    return 1


def _welcome(instance: Instance) -> None:
    demo = json.loads(instance.demo_file.read_text())
    say("farebox", f"Open {instance.at.site_url}")
    for who in ("consumer", "creator", "admin", "approver"):
        person = demo[who]
        say("farebox", f"  {who:<9} {person['email']}  password {person['password']}")
    say("farebox", f"Admin {instance.at.site_url}/admin/   API {instance.at.site_url}/v1/docs")
    say("farebox", f"Stripe stand-in {demo['stripe_url']}   keys and ids in {instance.demo_file}")


def _ask_to_stop(*_: object) -> None:
    raise StopRequestedError


def main() -> int:
    """Run the command that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m config.devservices", description=__doc__)
    parser.add_argument("command", choices=["up", "clean", "prove"])
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="what prove takes")
    asked = parser.parse_args()
    match asked.command:
        case "up":
            return up()
        case "clean":
            return clean()
        case _:
            return prove(asked.rest)


if __name__ == "__main__":
    sys.exit(main())
