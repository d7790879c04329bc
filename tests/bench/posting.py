"""The posting job beside a measure, as beat runs it: a batch after the other, once a second."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Final

import psycopg

TICK_SECONDS: Final = 1.0
POST: Final = "SELECT billing_post_splits(1000, 'infinity', now())"


@contextlib.contextmanager
def posting(url: str) -> Iterator[None]:
    """Post what is settled until the end of the block."""
    ended = threading.Event()
    poster = threading.Thread(target=_post, args=(url, ended))
    poster.start()
    try:
        yield
    finally:
        ended.set()
        poster.join()


def _post(url: str, ended: threading.Event) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        while not ended.wait(TICK_SECONDS):
            while not ended.is_set() and (row := connection.execute(POST).fetchone()) and row[0]:
                pass
