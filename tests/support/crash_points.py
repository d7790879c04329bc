"""Crash points: do an operation in a child process and kill it right before its k-th boundary, by SIGKILL.

A boundary is where something outside of the process may change: each statement and COMMIT sent to PostgreSQL, each
request to Stripe, each job sent to the broker, and the answer to who asked. Right after one boundary is right before
the next: nothing happens in between (a row that the ORM reads, or locks until the session ends, leaves nothing
behind; so such reads do not count). A child that is killed before each boundary, and one that is not killed, are
therefore all the deaths there are.
"""

import gc
import os
import pickle
import re
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import psycopg
import stripe
from django.db import connection, connections

from config.kit import jobs
from tests.support import forks

HANGS_AFTER_SECONDS: Final = 30
GONE_WITHIN_SECONDS: Final = 10.0
ANSWERED: Final = b"answered:"
FAILED: Final = b"failed:"
# What psycopg does to a connection without telling the server.
QUIET: Final = "_set_"
# The ORM's reads; the functions of ours that are called by SELECT are not quoted.
READ: Final = re.compile(r'SELECT (DISTINCT )?("|%s AS|COUNT|MAX|MIN|1 AS|COALESCE)')
SESSIONS: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Life:
    """How a child lived: the boundaries it reached, whether it was killed at the last of them, its answer."""

    boundaries: list[str]
    killed: bool
    answer: Any = None

    @property
    def last(self) -> str:
        """Name the boundary it died at, or its end."""
        return f"{len(self.boundaries)}: {self.boundaries[-1]}" if self.killed else "not killed"


class Tripwire:
    """Counts a child's boundaries, tells the parent of each, and kills the child right before one of them."""

    def __init__(self, pipe: int, die_at: int | None) -> None:
        self.pipe, self.die_at, self.reached = pipe, die_at, 0

    def reach(self, name: str) -> None:
        """Come to a boundary; this may be the end."""
        self.reached += 1
        os.write(self.pipe, f"{' '.join(name.split())[:160]}\n".encode())
        if self.reached == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self) -> None:
        """Put a wire before everything that leaves this process. Only ever in a child: it stays."""
        wait, request, send = psycopg.Connection.wait, stripe.RequestsClient.request, jobs._send

        def wait_(self_: Any, gen: Any, *args: Any, **kwargs: Any) -> Any:
            statement = _statement(gen)
            if not gen.__name__.startswith(QUIET) and not READ.match(statement):
                self.reach(statement)
            return wait(self_, gen, *args, **kwargs)

        def request_(self_: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            self.reach(f"{method.upper()} {urlsplit(url).path} at Stripe")
            return request(self_, method, url, *args, **kwargs)

        def send_(name: str, *args: Any) -> None:
            self.reach(f"send {name}")
            send(name, *args)

        wires = ((psycopg.Connection, "wait", wait_), (stripe.RequestsClient, "request", request_))
        for owner, name, wire in (*wires, (jobs, "_send", send_)):
            setattr(owner, name, wire)


def live(act: Callable[[], Any], *, die_at: int | None = None) -> Life:
    """Do something in a child of this process, with connections of its own; kill it at a boundary if told.

    For tests with `django_db(transaction=True)`. Raises RuntimeError when the child failed by itself.
    """
    # What is not committed here, the child would not see.
    assert connection.get_autocommit()
    connections.close_all()
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # The child only ever talks to its own sockets, whatever threads the parent has.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reader)
        _live_and_die(act, Tripwire(writer, die_at), writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    _wait_for_its_sessions_to_end()
    return _life(said, status)


def _live_and_die(act: Callable[[], Any], tripwire: Tripwire, pipe: int) -> NoReturn:
    # What the parent let go of is the parent's to end: collected here, it would close or undo what both share.
    gc.disable()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(HANGS_AFTER_SECONDS)
    try:
        forks.leave_parent()
        connection.ensure_connection()
        tripwire.arm()
        answer = act()
        # All is done, and nobody hears of it.
        tripwire.reach("the answer")
        os.write(pipe, ANSWERED + pickle.dumps(answer))
    except BaseException:  # noqa: BLE001  (the parent judges)
        where = f"On {connection.settings_dict['NAME']} at {connection.settings_dict['PORT']}.\n"
        os.write(pipe, FAILED + (where + traceback.format_exc()).encode())
    finally:
        os._exit(0)


def _life(said: bytes, status: int) -> Life:
    end = max(said.rfind(ANSWERED), said.rfind(FAILED))
    told, ending = (said, b"") if end < 0 else (said[:end], said[end:])
    boundaries = told.decode().splitlines()
    if ending.startswith(FAILED):
        where = f"parent on {connection.settings_dict['NAME']} at {connection.settings_dict['PORT']}"
        raise RuntimeError(f"The child failed ({where}):\n{ending.removeprefix(FAILED).decode()}")
    if ending:
        return Life(boundaries, killed=False, answer=pickle.loads(ending.removeprefix(ANSWERED)))
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        raise RuntimeError(f"The child ended with {status} after {boundaries[-1:]}.")
    return Life(boundaries, killed=True)


def _statement(gen: Any) -> str:
    query = gen.gi_frame.f_locals.get("query") if gen.gi_frame else None
    return str(query) if query else gen.__name__.strip("_").removesuffix("_gen").upper()


def _wait_for_its_sessions_to_end() -> None:
    """Let the server notice: what a dead process had locked is free when its session is gone, not before."""
    give_up_at = time.monotonic() + GONE_WITHIN_SECONDS
    while _sessions():
        assert time.monotonic() < give_up_at, "The dead child's session does not end."
        time.sleep(0.002)


def _sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(SESSIONS)
        return int(cursor.fetchone()[0])
