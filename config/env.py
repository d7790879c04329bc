"""The environment, read in one way only: by name, typed, failing loudly when a value is missing or malformed.

A secret may also come from a file: NAME_FILE names it.
"""

import os
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import environ
from django.core.exceptions import ImproperlyConfigured

env: Final = environ.Env()


def text(name: str, default: str | None = None) -> str:
    """Read a text; without a default it must be there."""
    return str(env.str(name) if default is None else env.str(name, default))


def flag(name: str, *, default: bool) -> bool:
    """Read a yes or no."""
    return bool(env.bool(name, default))


def number(name: str, default: int) -> int:
    """Read a whole number."""
    return int(env.int(name, default))


def words(name: str, default: str = "") -> list[str]:
    """Read a list of words parted by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def decimal(name: str, default: str) -> Decimal:
    """Read an exact decimal."""
    value = text(name, default)
    try:
        return Decimal(value)
    except InvalidOperation as error:
        raise ImproperlyConfigured(f"{name} must be a decimal number, not {value!r}") from error


def secret(name: str, default: str | None = None) -> str:
    """Read a secret from NAME, or from the file that NAME_FILE names."""
    path = os.environ.get(f"{name}_FILE")
    return Path(path).read_text().strip() if path else text(name, default)


def database(name: str, default: str | None = None) -> dict[str, Any]:
    """Read a PostgreSQL URL as Django's settings of one database."""
    settings = environ.Env.db_url_config(secret(name, default))
    if settings["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured(f"{name} must be a postgresql:// URL")
    return dict(settings)
