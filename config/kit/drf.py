"""DRF's parser for the same strict JSON as plain views.

Apart from http.py: DRF loads the classes its settings name while it is itself being loaded.
"""

from typing import Any

from rest_framework.parsers import BaseParser

from config.kit import http, strict_json


class StrictJSONParser(BaseParser):
    """Read strict JSON within the cap."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Read the stream."""
        http.refuse_large((parser_context or {})["request"].META)
        return strict_json.loads(stream.read())
