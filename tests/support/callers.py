"""Clients of the API in tests."""

from typing import Any

from django.test import Client

from accounts.keys import IssuedKey
from tests.support import people


class Caller:
    """Posts JSON to one path with one key."""

    def __init__(self, client: Client, issued: IssuedKey, path: str) -> None:
        self.client, self.path = client, path
        self.headers = people.bearer(issued)

    def post(self, body: Any, *, key: str | None = None, path: str = "") -> Any:
        """Post a body."""
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return self.client.post(path or self.path, body, content_type="application/json", headers=headers)

    def raw(self, body: bytes) -> Any:
        """Post bytes."""
        return self.client.post(self.path, body, content_type="application/json", headers=self.headers)

    def get(self, path: str = "", **query: str) -> Any:
        """Get."""
        return self.client.get(path or self.path, query, headers=self.headers)
