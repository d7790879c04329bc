"""The table of controls, and typed reading of their bodies."""

import re
from collections.abc import Callable
from typing import Any, Final

from config.devservices.stripe.errors import Json, StripeError

Control = Callable[..., Any]
CONTROLS: Final[list[tuple[str, re.Pattern[str], Control]]] = []


def control(method: str, path: str) -> Callable[[Control], Control]:
    """Register a control of `(scope, body, **ids in the path)`."""
    pattern = re.compile("/_sim" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

    def register(function: Control) -> Control:
        CONTROLS.append((method, pattern, function))
        return function

    return register


def whole(body: Json, key: str, *, default: int | None = None) -> int:
    """Return a whole number from a body."""
    value = body.get(key, default)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}", value):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise StripeError(f"Invalid integer: {key}", param=key)
    return value


def known(body: Json, *names: str) -> None:
    """Refuse a field that the control does not take."""
    for name in body:
        if name not in names:
            raise StripeError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
