"""A copy of the test's process: it knows the code already, which a fresh interpreter takes seconds to read."""

import os
import pickle
import traceback
import warnings
from collections.abc import Callable
from typing import Any, Final

import stripe
from django.core.cache import cache
from django.db import connections

from billing.stripe import client as stripe_client
from config.kit import clock

# The parent's connections: a child must neither use nor end them.
INHERITED: Final[list[Any]] = []


def in_copy(act: Callable[[], str]) -> str:
    """Do something in a copy of this process, as a process of its own would; return its answer.

    Raises RuntimeError when it fails.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # The child only ever talks to its own sockets, whatever threads the parent has.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reader)
        _do(act, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    answer, failure = pickle.loads(said)
    if failure:
        raise RuntimeError(f"The copy failed:\n{failure}")
    return str(answer)


def leave_parent() -> None:
    """Let go, in a child, of the sockets to Stripe and the database: they are its parent's."""
    stripe_client._client.cache_clear()
    stripe.default_http_client = None
    _forget_connections()


def _do(act: Callable[[], str], pipe: int) -> None:
    answer = failure = ""
    try:
        leave_parent()
        clock.forget()
        cache.clear()
        warnings.simplefilter("ignore")
        answer = act()
    except BaseException:  # noqa: BLE001  (the parent judges)
        failure = traceback.format_exc()
    finally:
        os.write(pipe, pickle.dumps((answer, failure)))
        os._exit(0)


def _forget_connections() -> None:
    """Have new connections made here; the parent's are kept unused, for what is collected ends what both share.

    Django keeps the connections of a thread that runs an event loop apart. The parent's does once a browser was
    opened (Playwright), the child's does not: it would come back to those that the parent had before, elsewhere.
    """
    for inherited in connections.all(initialized_only=True):
        INHERITED.append(inherited)
        del connections[inherited.alias]
