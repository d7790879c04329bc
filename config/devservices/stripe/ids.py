"""Identifiers that look like Stripe's."""

import secrets
import string
from typing import Final

PLATFORM: Final = "acct_1StandInPlatform00"
API_VERSION: Final = "2026-08-26.dahlia"
ALPHABET: Final = string.ascii_letters + string.digits
LENGTHS: Final = {"cs_test": 58, "acct": 17, "cus": 14, "prod": 14, "whsec": 32, "req": 14}


def token(*, length: int) -> str:
    """Return random letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new(prefix: str) -> str:
    """Return a fresh id such as `pi_...`."""
    return f"{prefix}_{token(length=LENGTHS.get(prefix, 24))}"


def client_secret(object_id: str) -> str:
    """Return the secret a browser would get for an intent."""
    return f"{object_id}_secret_{token(length=25)}"
