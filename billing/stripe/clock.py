"""The time at Stripe: only the stand-in's can be moved."""

import datetime as dt
from typing import Final
from urllib.parse import urlsplit

import requests
from django.conf import settings

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
SECONDS_MAX: Final = 30


def is_movable() -> bool:
    """Tell whether this deployment talks to a stand-in on this machine."""
    return urlsplit(settings.STRIPE_API_BASE).hostname in LOOPBACK


def advance(*, by: dt.timedelta) -> None:
    """Move the stand-in's clock; what falls due there happens before this returns."""
    url = f"{settings.STRIPE_API_BASE}/_sim/clock/advance"
    requests.post(url, json={"seconds": int(by.total_seconds())}, timeout=SECONDS_MAX).raise_for_status()
