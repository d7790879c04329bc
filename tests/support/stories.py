"""Stories of an operation that dies: begin, act in a child that is killed, and what ordinary life does after it."""

import base64
import datetime as dt
import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import redis
from celery import current_app
from django.conf import settings

from config.devservices import valkey
from payouts import calendar
from tests.support import crash_points, footprints
from tests.support.crash_points import Life
from tests.support.footprints import Mark
from tests.support.processes import StripeStandin
from wallets import books

# A Monday's noon; every story has a week of its own.
BEGINS: Final = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
WRONGS_TOLD: Final = 8
# What beat sends in a minute; the proof of books, the partitions and the weekly run aside.
RUN_JOBS: Final = (
    "billing.expire_holds",
    "billing.finish_page_runs",
    "billing.freeze_freed",
    "billing.post_splits",
    "wallets.expire_grants",
    "wallets.seal_transactions",
)
STRIPE_JOBS: Final = (
    "billing.sweep_purchases",
    "billing.sweep_fees",
    "billing.sweep_refunds",
    "billing.finalise_invoices",
    "billing.collect_invoices",
    "billing.sweep_invoice_papers",
    "payouts.send_approved",
    "payouts.resolve_unknown",
    "payouts.resync_accounts",
)


class Time:
    """The time of a story: it stands still until the story moves it."""

    def __init__(self) -> None:
        self.at = BEGINS
        self._weeks = itertools.count(1)

    def now(self) -> dt.datetime:
        """Read it; stands for clock.now."""
        return self.at

    def passes(self, **much: float) -> None:
        """Let some of it pass."""
        self.at += dt.timedelta(**much)

    def begins_anew(self) -> None:
        """Go to the next week that no story has come to, where another begins."""
        starts = (BEGINS + week * calendar.WEEK for week in self._weeks)
        self.at = next(start for start in starts if start > self.at)


@dataclass(frozen=True)
class Story:
    """An operation to be killed: what comes before it, itself, and what happens after it anyway.

    `begin` makes what the story is about, named as told; `act` is killed; `after` does what clients, Stripe and
    beat do: repeat what was not acknowledged, under the same key, and sweep once. It knows of the kill what a
    client knows: that no answer came.
    """

    begin: "Callable[[Stage, str], Any]"
    act: "Callable[[Stage, Any], Any]"
    after: "Callable[[Stage, Any, Life], None]"


Lives = Callable[[Callable[[], Any]], Life]


class Stage:
    """Where stories are played: one database, one Stripe and one time, which the stories share."""

    def __init__(self, time: Time, standin: StripeStandin | None = None) -> None:
        self.time, self._standin = time, standin
        self._numbers = itertools.count(1)
        self._shared: dict[str, Any] = {}

    @property
    def now(self) -> dt.datetime:
        """The story's time."""
        return self.time.at

    @property
    def stripe(self) -> StripeStandin:
        """The stand-in of a stage that has one."""
        assert self._standin is not None
        return self._standin

    def sweep(self) -> None:
        """Do what beat sends, once, and the jobs that follow."""
        if self._standin is not None:
            do(STRIPE_JOBS)
        do(RUN_JOBS)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Give what all stories share, making it for the first."""
        if name not in self._shared:
            self._shared[name] = make()
        return self._shared[name]

    def play(self, story: Story, lives: Lives, *, disturbed: "Lives | None" = None) -> tuple[Life, list[str]]:
        """Play a story from its beginning; give how its operation lived, and what was left behind.

        With `disturbed`, what follows happens twice: first as that has it, then to the end.
        """
        self._set()
        name = f"tale{next(self._numbers)}end"
        mark = Mark.now(self._standin)
        subject = story.begin(self, name)
        life = lives(lambda: story.act(self, subject))
        if disturbed is not None:
            at = self.now
            disturbed(lambda: story.after(self, subject, life))
            self.time.at = at
        story.after(self, subject, life)
        return life, footprints.of(mark, name=name, standin=self._standin)

    def survives_kills(self, tales: Mapping[str, Story]) -> Counter[str]:
        """Kill each story's operation at every boundary: each time it must end as in peace. Give how many each."""
        kills, wrongs = Counter[str](), []
        for tale, story in tales.items():
            calm = self.undisturbed(story)
            for k in itertools.count(1):
                life, found = self.play(story, killed_at(k))
                wrongs += told(f"{tale}, killed before {life.last}", footprints.differences(found, calm))
                if not life.killed:
                    break
                kills[tale] += 1
            wrongs += told(tale, self.broken_books())
        assert not wrongs, "\n".join(wrongs)
        return kills

    def undisturbed(self, story: Story) -> list[str]:
        """Play a story in peace: once here, which warms this process, then in a child. Give what that left."""
        self.play(story, in_peace)
        life, calm = self.play(story, crash_points.live)
        assert life.boundaries
        assert calm
        return calm

    def broken_books(self) -> list[str]:
        """List what the books say of all that was played: nothing is ever deleted, so once a story is enough."""
        return [f"books: {one}" for one in books.violations(now=self.now)]

    def _set(self) -> None:
        self.time.begins_anew()
        valkey.flush(settings.VALKEY_PORT)
        if self._standin is not None:
            # Hours apart, so that a sweep of Stripe's newest lines sees this story's only.
            self._standin.post("/_sim/clock/advance", seconds=3 * 3600)


def in_peace(act: Callable[[], Any]) -> Life:
    """Act in this process."""
    return Life([], killed=False, answer=act())


def killed_at(boundary: int) -> Lives:
    """Act in a child that is killed right before its k-th boundary."""
    return lambda act: crash_points.live(act, die_at=boundary)


def told(where: str, wrongs: list[str]) -> list[str]:
    """Say where something went wrong, and the first of what did."""
    return [f"{where}: {len(wrongs)} lines\n    " + "\n    ".join(wrongs[:WRONGS_TOLD])] if wrongs else []


def do(jobs: Sequence[str]) -> None:
    """Do some of beat's jobs, then those that wait at the broker."""
    tasks = _tasks()
    for name in jobs:
        tasks[name].apply(throw=True)
    do_waiting()


def do_waiting() -> None:
    """Do the jobs that wait at the broker, oldest first, as a worker would, until none is left."""
    while message := _broker().rpop(current_app.conf.task_default_queue):
        said = json.loads(message)
        _, kwargs, _ = json.loads(base64.b64decode(said["body"]))
        _tasks()[said["headers"]["task"]].apply(kwargs=kwargs, throw=True)


@cache
def _broker() -> Any:
    # Only the story's own process reads it; its children send by Celery's connections.
    return redis.Redis(port=settings.VALKEY_PORT)


@cache
def _tasks() -> Any:
    # Loading checks every model, each time.
    current_app.loader.import_default_modules()
    return current_app.tasks
