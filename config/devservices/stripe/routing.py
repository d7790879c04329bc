"""The table of API endpoints: each resource adds its own with `@route`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from config.devservices.stripe.errors import Json, unknown_url

Handler = Callable[..., Json]
PAGING: Final = ("limit", "starting_after", "ending_before")
CREATED: Final = ("created", "created.gt", "created.gte", "created.lt", "created.lte")


@dataclass(frozen=True)
class Route:
    """An endpoint, and the parameters it takes (dotted; `*` is a list position, `**` anything below)."""

    method: str
    pattern: re.Pattern[str]
    accepts: frozenset[str]
    handler: Handler


ROUTES: Final[list[Route]] = []


def route(method: str, path: str, *accepts: str) -> Callable[[Handler], Handler]:
    """Register a handler of `(scope, params, **ids in the path)`."""
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, pattern, frozenset(accepts), handler))
        return handler

    return register


def resolve(method: str, path: str) -> tuple[Route, dict[str, Any]]:
    """Return the route of a request and the ids in its path."""
    for candidate in ROUTES:
        match = candidate.pattern.fullmatch(path)
        if match and candidate.method == method:
            return candidate, match.groupdict()
    raise unknown_url(method, path)
