"""The webhook door: what is not proven leaves no row, and what is proven is taken in or put in quarantine."""

import io
import random
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from djstripe.models import Event, WebhookEndpoint

from billing.models import QuarantinedEvent
from tests.fuzz.letters import Letter, Writer
from tests.support import checkout, people, webhooks

# Rows are counted after so many letters that prove nothing, and so many proven ones follow.
FORGED_AT_ONCE: Final = 480
PROVEN_AT_ONCE: Final = 20
PROBLEMS_MAX: Final = 5
REFUSALS: Final = frozenset({400, 404, 405, 413})
PAID: Final = ("checkout.session.completed", "payment_intent.succeeded", "charge.succeeded")
TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


@dataclass
class Tally:
    """What was delivered, how it was answered, and what was wrong with it."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """Give how many letters were delivered."""
        return self.answers.total()

    def told(self) -> str:
        """Say it in a line."""
        statuses: Counter[int] = Counter()
        for (_, status), count in self.answers.items():
            statuses[status] += count
        return f"{self.sent} bodies, answered {dict(sorted(statuses.items()))}; proven ones {dict(self.kept)}"


class Door:
    """The door of one endpoint, in this process, through all the middleware."""

    def __init__(self, endpoint: WebhookEndpoint) -> None:
        self.endpoint = endpoint
        self.application = WSGIHandler()

    def deliver(self, letter: Letter) -> int:
        """Deliver a letter as a web server would; give the status."""
        path = webhooks.path(self.endpoint)
        if letter.endpoint:
            path = path.replace(str(self.endpoint.djstripe_uuid), letter.endpoint)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": letter.method,
            "PATH_INFO": path,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "HTTP_HOST": "127.0.0.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(letter.body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(letter.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            **letter.headers,
        }
        if letter.signature is not None:
            environ["HTTP_STRIPE_SIGNATURE"] = letter.signature
        response = self.application(environ, _start)
        b"".join(response)
        response.close()
        return response.status_code


def _start(_status: str, _headers: list[tuple[str, str]], _error: Any = None, /) -> Callable[[bytes], object]:
    return len


def correspondence(*, chance: random.Random) -> tuple[Writer, Door]:
    """Register our endpoint at Stripe's stand-in and let somebody pay there: letters begin as its own events."""
    # A running instance has registered its own.
    known = WebhookEndpoint.objects.filter(metadata__farebox="farebox platform").first()
    endpoint = known or webhooks.register()
    session_id = checkout.ask(people.open_customer("fuzz-payer")).stripe_session_id
    with urllib.request.urlopen(
        urllib.request.Request(
            f"{settings.STRIPE_API_BASE}/_sim/checkout/sessions/{session_id}/complete", b"{}"
        )
    ):
        pass
    events = [webhooks.event_of(type_) for type_ in PAID]
    return Writer(chance=chance, secret=endpoint.secret, events=events), Door(endpoint)


def knock(*, count: int, writer: Writer, door: Door) -> Tally:
    """Deliver that many letters."""
    tally = Tally()
    while tally.sent < count and len(tally.problems) < PROBLEMS_MAX:
        before = rows()
        forged = [writer.forged() for _ in range(min(FORGED_AT_ONCE, count - tally.sent))]
        for letter in forged:
            _refused(letter, door.deliver(letter), tally)
        written = {table: n for table, n in rows().items() if n != before[table]}
        if written:
            tally.problems.append(f"rows before a valid signature: {written}")
        for _ in range(min(PROVEN_AT_ONCE, count - tally.sent)):
            letter = writer.proven()
            _taken_in(letter, door.deliver(letter), tally)
    return tally


def expect_kept(tally: Tally, *, writer: Writer, count: int) -> None:
    """Raise AssertionError when the door let something in or lost something, or when nobody tried."""
    assert tally.problems == [], "\n\n".join(tally.problems)
    assert tally.sent == count
    assert {kind for kind, _ in tally.answers} == {*writer.forgers, "proven"}
    # Of the proven ones some could be digested and some could not.
    assert set(tally.kept) == {"taken in", "quarantined"}


def rows() -> dict[str, int]:
    """Count the rows of every table."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        tables = [name for (name,) in cursor.fetchall()]
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in tables))
        return dict(cursor.fetchall())


def _refused(letter: Letter, status: int, tally: Tally) -> None:
    tally.answers[letter.kind, status] += 1
    if status not in REFUSALS:
        tally.problems.append(f"{status} for {letter!r:.2000}")


def _taken_in(letter: Letter, status: int, tally: Tally) -> None:
    """A proven event is answered 200, for Stripe would send it for three days, and is in one place or the other."""
    tally.answers[letter.kind, status] += 1
    if status != 200:
        tally.problems.append(f"{status} for {letter!r:.3000}")
        return
    known = Event.objects.filter(id=letter.event_id).exists()
    quarantined = QuarantinedEvent.objects.filter(
        stripe_id=letter.event_id, quarantined_at__isnull=False
    ).exists()
    tally.kept["taken in" if known else "quarantined"] += 1
    if known == quarantined:
        tally.problems.append(f"kept in {int(known) + int(quarantined)} places: {letter!r:.3000}")
