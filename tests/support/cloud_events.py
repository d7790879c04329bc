"""CloudEvents as services send them."""

from typing import Any, Final

SOURCE: Final = "//tests/chat"


def event(event_id: str = "e1", *, subject: str = "bob-at-home", **changes: Any) -> dict[str, Any]:
    """Make an event: 7 tokens of Bob's."""
    said = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": "tokens",
        "subject": subject,
        "data": {"tokens": 7},
    }
    return {name: value for name, value in (said | changes).items() if value is not None}


def reversal(event_id: str, *, reverses: str, **changes: Any) -> dict[str, Any]:
    """Make an event that takes another back."""
    return event(event_id, type="tokens.reversed", data={"reverses": reverses}, **changes)
