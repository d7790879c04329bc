"""What arrives at the webhook door: all that can be forged, broken or poisoned, drawn from a seed."""

import copy
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import stripe

from tests.fuzz.world import NASTY

BODY_BYTES_MAX: Final = 256_000
TOLERANCE_SECONDS: Final = 300
WRONG_SECRET: Final = "whsec_somebody_elses"
TYPES: Final = (
    *("checkout.session.completed", "checkout.session.expired", "checkout.session.async_payment_failed"),
    *(
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
        "charge.refunded",
        "charge.dispute.created",
    ),
    *(
        "account.updated",
        "payout.paid",
        "transfer.reversed",
        "customer.created",
        "invoice.paid",
        "price.created",
    ),
    *(
        "invoice.some_day",
        "v2.core.account.updated",
        "",
        "x" * 300,
        "\x00",
        "checkout.session.\u0000",
        "ping",
    ),
)
HEADERS: Final = (
    {"HTTP_X_FORWARDED_FOR": "not-an-ip"},
    {"HTTP_X_FORWARDED_FOR": "1.2.3.4, \x00, ::1%lo"},
    {"HTTP_X_FORWARDED_FOR": "9" * 5_000},
    {"HTTP_X_DJSTRIPE_WEBHOOK_SECRET": WRONG_SECRET},
    {"HTTP_USER_AGENT": "Stripe\x00/1.0"},
    {"HTTP_COOKIE": "sessionid=\x00; csrftoken=\xff"},
    {"HTTP_AUTHORIZATION": "Bearer \x00"},
    {"HTTP_CONTENT_ENCODING": "gzip"},
    {"REMOTE_ADDR": ""},
    {"REMOTE_ADDR": "unix:"},
    {"CONTENT_TYPE": "application/x-www-form-urlencoded"},
    {"CONTENT_TYPE": "multipart/form-data; boundary=x"},
    {"CONTENT_TYPE": "application/json; charset=utf-7"},
    {"CONTENT_TYPE": "\x00"},
    {"CONTENT_TYPE": ""},
    {"QUERY_STRING": "a=%00&%ff=%ff"},
)
NO_EVENTS: Final = (
    *(b"", b" ", b"nonsense", b"[]", b"null", b"NaN", b'"evt_1"', b"{}", b'{"id": "evt_1"}', b"\xff\xfe"),
    *(
        b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"id": "evt_1", "type": 1, "livemode": false}',
    ),
    *(b'{"id": 1, "type": "ping", "livemode": false}', b'{"id": "evt_1", "type": "ping"}'),
    *(
        b'{"id": "evt_1", "type": "ping", "livemode": true}',
        b'{"id": "evt_1", "type": "ping", "livemode": 0}',
    ),
    *(
        b'{"id": "evt_1\x00", "type": "ping", "livemode": false}',
        b'{"id": "evt_1", "type": "ping", "livemode": fal',
    ),
)


@dataclass(frozen=True)
class Letter:
    """A request to the door. A proven one carries the signature of our endpoint over an event of this mode."""

    kind: str
    body: bytes
    proven: bool = False
    signature: str | None = None
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    endpoint: str = ""

    @property
    def event_id(self) -> str:
        """Give the id of a proven event."""
        return str(json.loads(self.body)["id"])


class Writer:
    """Writes letters, from events as Stripe sends them."""

    def __init__(self, *, chance: random.Random, secret: str, events: list[dict[str, Any]]) -> None:
        self.chance, self.secret = chance, secret
        self.events = [json.dumps(event) for event in events]
        self.number = 0
        self.forgers: dict[str, Callable[[bytes], Letter]] = {
            "unsigned": lambda body: Letter("unsigned", body),
            "forged": self._forged,
            "wrong secret": lambda body: Letter(
                "wrong secret", body, signature=self._signed(body, secret=WRONG_SECRET)
            ),
            "stale": lambda body: Letter("stale", body, signature=self._signed(body, ago=self._long_ago())),
            "from the future": lambda body: Letter(
                "from the future", body, signature=self._signed(body, ago=-self._long_ago())
            ),
            "changed": self._changed,
            "cut off": lambda body: Letter("cut off", body[: len(body) // 2], signature=self._signed(body)),
            "no event": self._no_event,
            "huge": self._huge,
            "of no length": self._of_no_length,
            "nowhere": lambda body: Letter(
                "nowhere", body, signature=self._signed(body), endpoint="00000000-0000-4000-8000-000000000000"
            ),
            "no post": lambda body: Letter(
                "no post",
                body,
                signature=self._signed(body),
                method=self.chance.choice(("GET", "PUT", "DELETE", "X")),
            ),
        }

    def forged(self) -> Letter:
        """Write one that proves nothing."""
        letter = self.chance.choice(list(self.forgers.values()))(self._event(poisons=0))
        # What a letter says beside its body and its signature changes nothing; a length or a type it already has stays.
        return replace(letter, headers=self._headers() | letter.headers)

    def proven(self) -> Letter:
        """Write one that Stripe has signed, and that nobody can be expected to understand."""
        body = self._event(poisons=self.chance.randint(0, 3))
        return Letter("proven", body, proven=True, signature=self._signed(body), headers=self._headers())

    def _event(self, *, poisons: int) -> bytes:
        self.number += 1
        event: dict[str, Any] = json.loads(self.chance.choice(self.events))
        event |= {"id": f"evt_{self.number}", "livemode": False}
        if self.chance.random() < 0.5:
            event["type"] = self.chance.choice(TYPES)
        for _ in range(poisons):
            self._poison(event)
        return json.dumps(event).encode()

    def _poison(self, event: dict[str, Any]) -> None:
        """Drop or spoil something; the id, the type and the mode are what makes it an event."""
        place: Any = event
        names = sorted(set(event) - {"id", "type", "livemode"})
        while names:
            name = self.chance.choice(names)
            if isinstance(place[name], dict) and place[name] and self.chance.random() < 0.8:
                place = place[name]
                names = sorted(place)
                continue
            if self.chance.random() < 0.3:
                del place[name]
            else:
                place[name] = copy.deepcopy(self.chance.choice(NASTY))
            return

    def _signed(self, body: bytes, *, secret: str = "", ago: int = 0) -> str:
        text = body.decode("utf-8", "surrogateescape")
        try:
            return str(
                stripe.WebhookSignature.generate_signature_header(
                    text, secret or self.secret, int(time.time()) - ago
                )
            )
        except UnicodeError:
            return f"t={int(time.time())},v1=00"

    def _long_ago(self) -> int:
        return self.chance.choice((TOLERANCE_SECONDS + 30, 3_600, 86_400 * 400, 2**31))

    def _forged(self, body: bytes) -> Letter:
        now = int(time.time())
        signature = self.chance.choice(
            (
                *("", "nonsense", "v1=00", "t=x,v1=00", "t=,v1=", "t=1\x00,v1=0", "t=1,v1=\xe9", "," * 5_000),
                *(f"t={now},v1={self.chance.randbytes(32).hex()}", f"t={now},v0={'0' * 64}", f"t={now}"),
                *(
                    f"t={'9' * 400},v1=00",
                    f"t=-{now},v1=00",
                    f"t={now},t=1,v1=00",
                    f"t={now},v1=" + "0" * 10_000,
                ),
            )
        )
        return Letter("forged", body, signature=signature)

    def _changed(self, body: bytes) -> Letter:
        place = self.chance.randrange(len(body))
        other = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        return Letter("changed", other, signature=self._signed(body))

    def _no_event(self, _: bytes) -> Letter:
        body = self.chance.choice(NO_EVENTS)
        return Letter("no event", body, signature=self._signed(body))

    def _huge(self, body: bytes) -> Letter:
        body += b" " * (BODY_BYTES_MAX + 1 - len(body))
        return Letter("huge", body, signature=self._signed(body))

    def _of_no_length(self, body: bytes) -> Letter:
        """Lie about the length: what is read is then another body than the one that was signed."""
        length = self.chance.choice(("", "x", "-1", "1e3", "\xb2", "0", str(len(body) - 1), "9" * 400))
        return Letter("of no length", body, signature=self._signed(body), headers={"CONTENT_LENGTH": length})

    def _headers(self) -> dict[str, str]:
        return dict(self.chance.choice(HEADERS)) if self.chance.random() < 0.5 else {}
