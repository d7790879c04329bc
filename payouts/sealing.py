"""The seal of a statement, pure: canonical JSON, hashed with the seal before it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

GENESIS: Final = "0" * 64


def canonical(*, body: Mapping[str, Any]) -> bytes:
    """Write a body so that equal ones are equal bytes: sorted names, no spaces, UTF-8."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def seal(*, body: Mapping[str, Any], previous: str) -> str:
    """Hash a body with the hash of the statement before it."""
    return hashlib.sha256(bytes.fromhex(previous) + canonical(body=body)).hexdigest()
