"""A request and a response, free of any server."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """What came in; header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    client: str = "127.0.0.1"


@dataclass(frozen=True)
class Response:
    """What goes out; `dropped` closes the connection instead."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    dropped: bool = False


def as_json(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON response."""
    text = json.dumps(body, indent=2).encode()
    return Response(status, text, {"Content-Type": "application/json", **(headers or {})})


def as_html(text: str, *, status: int = 200) -> Response:
    """Return a page."""
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return Response(status, text.encode(), headers)


def redirect(url: str) -> Response:
    """Return a redirect that is followed with GET."""
    return Response(303, b"", {"Location": url, "Cache-Control": "no-store"})
