"""The stand-in's own time: the machine's, moved on by the controls."""

import time

from config.devservices.stripe.store import Store

DAY = 86_400


def offset(store: Store) -> int:
    """Return how far the clock was moved on."""
    return int(store.setting("clock_offset", "0"))


def now(store: Store) -> int:
    """Return the stand-in's time in seconds."""
    return int(time.time()) + offset(store)


def advance(store: Store, *, seconds: int) -> int:
    """Move the clock on and return the new time."""
    store.set_setting("clock_offset", str(offset(store) + seconds))
    return now(store)
