"""The committed schema, spoken to the application rightly and wrongly; every answer is judged by it.

Five kinds of case: `edge`, the boundaries of the schema, each once; `wrong`, what it forbids; `right`, what it
allows, made up; `real`, the same with people, agents and ids that exist, so that runs are reserved, metered and
settled; `bent`, a real one with a nasty value in it.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from tests.fuzz import cases, judge
from tests.fuzz.cases import Case, Drawn
from tests.fuzz.world import Headers, World

EDGE, WRONG, RIGHT, REAL, BENT = "edge", "wrong", "right", "real", "bent"
# Drawing costs more than sending: of each tenth of an operation's cases one is made up and sent as it is, rightly
# and wrongly; the rest are made-up ones with other names, ids and nasty values in them.
DRAWN_OF: Final = 10
REAL_SHARE: Final = 0.7
REAL_ACCEPTED_MIN: Final = 0.3
# With fewer cases some operation may have met nothing that it could act on.
TELLING_COUNT: Final = 1_000
# One case in so many comes with a key that does not fit, or without one.
STRANGERS: Final = 12
PROBLEMS_MAX: Final = 5
# Steps of a subscription, each open in some states only: not every seed finds one in the right state.
STEPS: Final = ("/preview", "/change", "/cancel", "/keep", "/pause", "/resume", "/overage")
# What a body of many is made of, instead of the fields of one.
MANY: Final = frozenset({"events", "checks"})


@dataclass
class Tally:
    """What was sent, what was answered, and what was wrong with it."""

    sent: int = 0
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    succeeded: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def note(self, kind: str, operation: str, status: int) -> None:
        """Count an answer."""
        self.sent += 1
        self.answers.setdefault(kind, Counter())[status] += 1
        if status < 400:
            self.succeeded.add(operation)

    def accepted(self, kind: str) -> float:
        """Give the share of a kind's cases that succeeded."""
        found = self.answers.get(kind, Counter())
        return sum(count for status, count in found.items() if status < 400) / max(found.total(), 1)

    def told(self) -> str:
        """Say it in a line."""
        kinds = ", ".join(f"{kind} {dict(sorted(found.items()))}" for kind, found in self.answers.items())
        return f"{self.sent} cases, answered {kinds}"


def speak(*, prefix: str, count: int, number: int, world: World) -> Tally:
    """Send that many cases to the paths under a prefix; `number` is the seed."""
    operations = cases.operations(prefix=prefix)
    share = count // len(operations) // DRAWN_OF
    drawn = [cases.draw(operation=each, count=share, number=number) for each in operations]
    tally = Tally()
    for kind, case in _planned(drawn, count, world.chance):
        _send(case, kind, world, tally)
        if len(tally.problems) == PROBLEMS_MAX:
            break
    return tally


def expect_promised(tally: Tally, *, prefix: str, count: int) -> None:
    """Raise AssertionError when an answer broke a promise, or when the cases were too tame to tell."""
    assert tally.problems == [], "\n\n".join(tally.problems)
    assert tally.sent == count
    # A fuzz that is refused at the door proves the door only.
    if count >= TELLING_COUNT:
        asked = {each.label for each in cases.operations(prefix=prefix)}
        never = {label for label in asked - tally.succeeded if not label.endswith(STEPS)}
        assert never == set(), f"{sorted(never)} never succeeded: {tally.told()}"
    assert tally.accepted(REAL) > REAL_ACCEPTED_MIN, tally.told()


def _planned(drawn: list[Drawn], count: int, chance: random.Random) -> list[tuple[str, Case]]:
    """Mix kinds and operations, so that each finds what others left."""
    planned = [
        (kind, case)
        for each in drawn
        for kind, some in ((EDGE, each.edge), (WRONG, each.wrong), (RIGHT, each.right))
        for case in some
    ]
    while len(planned) < count:
        case = chance.choice(chance.choice(drawn).right)
        planned.append((REAL if chance.random() < REAL_SHARE else BENT, case))
    chance.shuffle(planned)
    return planned[:count]


def _send(case: Case, kind: str, world: World, tally: Tally) -> None:
    if kind in {REAL, BENT}:
        case = _real(case, world)
    # A header that the case has made up is what it is about.
    made_up = set(case.headers or {})
    headers = {
        name: text for name, text in world.headers(case.path, case.method).items() if name not in made_up
    }
    stranger = kind == REAL and world.chance.randrange(STRANGERS) == 0
    if stranger:
        headers = headers | world.stranger(case.path)
    if kind == BENT:
        headers = _bend(case, headers, world)
    response = case.call(headers=headers)
    tally.note(kind, case.operation.label, response.status_code)
    world.learn(response)
    problem = judge.problem(case=case, response=response, stranger=stranger)
    if problem:
        tally.problems.append(f"{kind}: {problem}")


def _real(case: Case, world: World) -> Case:
    """Put what exists into a made-up case; what is optional stays as it was made up."""
    made: Any = case.operation
    body: Any = case.body
    if made.body:
        made_up = body
        body = world.body(case.path)
        if isinstance(made_up, dict) and isinstance(body, dict) and not MANY & {*made_up, *body}:
            body = {**made_up, **body}
    query = world.query({parameter.name for parameter in made.query})
    found: Case = made.Case(
        path_parameters=world.path_parameters(case.path), query=query, body=body, media_type=case.media_type
    )
    return found


def _bend(case: Case, headers: Headers, world: World) -> Headers:
    """Put a nasty value somewhere into a case; give its headers."""
    text = world.nasty_text()
    body = case.body[0] if isinstance(case.body, list) and case.body else case.body
    if isinstance(body, dict) and world.chance.random() < 0.8:
        _bend_inside(body, world.nasty(), world.chance)
    elif case.path_parameters:
        case.path_parameters = dict.fromkeys(case.path_parameters, quote(text or "0", safe=""))
    elif case.query:
        case.query[world.chance.choice(sorted(case.query))] = text
    # What no client could send as a header's value stays out of it.
    plain = text.isascii() and text.isprintable() and text == text.strip()
    return headers | ({"Idempotency-Key": text} if plain and "Idempotency-Key" in headers else {})


def _bend_inside(body: dict[str, Any], nasty: Any, chance: random.Random) -> None:
    name = chance.choice([*sorted(body), "surprise"])
    inside = body.get(name)
    if isinstance(inside, list) and inside:
        inside = inside[0]
    if isinstance(inside, dict) and chance.random() < 0.7:
        _bend_inside(inside, nasty, chance)
    elif chance.random() < 0.1:
        body[nasty if isinstance(nasty, str) else name] = 1
    else:
        body[name] = nasty
