"""The text of an API key: `fbx_<kind>_<8 shown>_<26 secret>_<6 check>`.

The prefix tells people and secret scanners what they found; the check (30 bits of CRC-32) tells a typing
mistake from a wrong key without asking the database. 26 base32 characters hold 128 random bits, so that one
round of SHA-256 is enough to keep.
"""

import hashlib
import re
import secrets
import zlib
from typing import Final

from config.kit import ids

SHOWN_LENGTH: Final = 8
SECRET_LENGTH: Final = 26
SECRET_BITS: Final = 128
CHECK_LENGTH: Final = 6
PATTERN: Final = re.compile(
    rf"(fbx_[a-z]{{3,10}}_[{ids.ALPHABET}]{{{SHOWN_LENGTH}}}_[{ids.ALPHABET}]{{{SECRET_LENGTH}}})"
    rf"_([{ids.ALPHABET}]{{{CHECK_LENGTH}}})"
)


def new(kind: str) -> str:
    """Make the text of a new key."""
    shown = ids.text(secrets.randbits(5 * SHOWN_LENGTH), length=SHOWN_LENGTH)
    secret = ids.text(secrets.randbits(SECRET_BITS), length=SECRET_LENGTH)
    body = f"fbx_{kind}_{shown}_{secret}"
    return f"{body}_{_check(body)}"


def is_well_formed(text: str) -> bool:
    """Tell a key's text from anything else, typing mistakes included."""
    match = PATTERN.fullmatch(text)
    return match is not None and _check(match[1]) == match[2]


def prefix(text: str) -> str:
    """Give the part that is shown."""
    return "_".join(text.split("_")[:3])


def digest(text: str) -> bytes:
    """Give what is kept of a key."""
    return hashlib.sha256(text.encode()).digest()


def _check(body: str) -> str:
    return ids.text(zlib.crc32(body.encode()), length=CHECK_LENGTH)
