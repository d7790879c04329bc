"""Secret keys: any test key opens the platform, nothing else does."""

import base64
import binascii
import re

from config.devservices.stripe.errors import unauthorized


def authenticate(headers: dict[str, str]) -> None:
    """Raise 401 unless a secret test key came as Bearer, or as the user name of Basic."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    key = _user_name(value) if scheme.lower() == "basic" else value.strip()
    if not key:
        raise unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if not re.fullmatch(r"sk_test_[A-Za-z0-9_]{8,}", key):
        raise unauthorized(f"Invalid API Key provided: {key[:8]}{'*' * 8}")


def _user_name(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
