"""Replay a trace of LLM requests through the HTTP API, and prove that the books balance."""

import argparse
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import keys
from billing.operations import posting
from billing.replay import cast, router, trace
from billing.replay.router import ReplayError, Tally
from config.kit import clock
from config.kit.errors import DomainError
from wallets import books

BAR_WIDTH: Final = 40
LOG_LINES: Final = 10
PLAYERS_MAX: Final = 1_000
AT_ONCE_MAX: Final = 200
COUNT_DEFAULT: Final = 1_000


class Command(BaseCommand):
    help = (
        "Replay a trace (TIMESTAMP, ContextTokens, GeneratedTokens) through the HTTP API of a running server."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "file", nargs="?", type=Path, help="CSV file; without it a load of that shape is made"
        )
        parser.add_argument(
            "--speed", type=_speed, default=0.0, help="times real time; 0: as fast as possible"
        )
        parser.add_argument("--customers", type=_count(PLAYERS_MAX), default=20)
        parser.add_argument("--agents", type=_count(PLAYERS_MAX), default=1)
        parser.add_argument("--concurrency", type=_count(AT_ONCE_MAX), default=8, help="calls at once")
        parser.add_argument("--limit", type=_count(10**9), help="play the first rows only")
        parser.add_argument(
            "--count", type=_count(10**6), default=COUNT_DEFAULT, help="calls to make without a file"
        )
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same load")
        parser.add_argument("--url", default=settings.SITE_URL, help="the server, such as %(default)s")

    def handle(self, **options: Any) -> None:
        """Play, report, prove."""
        if settings.PRODUCTION:
            raise CommandError("A replay gives credits away: it is refused in production.")
        try:
            tally = self._play(options)
        except (DomainError, ReplayError, OSError) as error:
            raise CommandError(str(error)) from error
        posting.post_splits(now=clock.now())
        self._report(tally)
        self._prove()

    def _play(self, options: dict[str, Any]) -> Tally:
        run = secrets.token_hex(6)
        calls = (
            trace.read(path=options["file"], limit=options["limit"])
            if options["file"]
            else trace.make(count=options["limit"] or options["count"], seed=options["seed"])
        )
        players = cast.assemble(
            calls=calls,
            agents=options["agents"],
            callers=options["customers"],
            at_once=options["concurrency"],
            run=run,
            now=clock.now(),
        )
        try:
            return router.play(
                calls=calls,
                cast=players,
                url=options["url"],
                run=run,
                speed=options["speed"],
                at_once=options["concurrency"],
                progress=lambda done: self._progress(done, len(calls)),
            )
        finally:
            keys.revoke(key=players.router.key, now=clock.now())

    def _progress(self, done: int, whole: int) -> None:
        # A terminal is shown each step of the bar; a log gets ten lines.
        steps = BAR_WIDTH * 5 if self.stderr.isatty() else LOG_LINES
        if done != whole and done * steps // whole == (done - 1) * steps // whole:
            return
        filled = BAR_WIDTH * done // whole
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        terminal = self.stderr.isatty()
        start, end = "\r" if terminal else "", "" if terminal and done != whole else "\n"
        self.stderr.write(f"{start}[{bar}] {done:,} of {whole:,}", ending=end)
        self.stderr.flush()

    def _report(self, tally: Tally) -> None:
        refused = sum(tally.refused.values())
        reasons = ", ".join(f"{gate} {count:,}" for gate, count in sorted(tally.refused.items()))
        rate = tally.runs / tally.seconds if tally.seconds else 0
        self.stdout.write(f"runs      {tally.runs:,}  ({tally.seconds:,.1f} s, {rate:,.0f} a second)")
        self.stdout.write(f"refused   {refused:,}" + (f"  ({reasons})" if reasons else ""))
        self.stdout.write(f"charged   {_credits(tally.charged)} credits")
        self.stdout.write(f"split     creator {_credits(tally.creator)}, platform {_credits(tally.platform)}")
        for name, seconds in (("check", tally.check_seconds), ("log", tally.log_seconds)):
            p50, p99 = _percentile(seconds, 50), _percentile(seconds, 99)
            self.stdout.write(f"{name:<9} p50 {p50:,.1f} ms, p99 {p99:,.1f} ms")

    def _prove(self) -> None:
        broken = books.violations(now=clock.now())
        for violation in broken:
            self.stdout.write(f"BROKEN    {violation.name}: {violation.rows[:3]}")
        if broken:
            raise CommandError("The books do not balance.")
        self.stdout.write(f"books     balance: {len(books.invariants())} invariants hold")


def _percentile(seconds: list[float], percent: int) -> float:
    if not seconds:
        return 0.0
    ordered = sorted(seconds)
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] * 1000


def _credits(amount: Decimal) -> str:
    text = f"{amount:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _count(most: int) -> Any:
    def count(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be 1 to {most:,}")
        return int(text)

    return count


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("must be a number") from error
    if not 0 <= speed <= 10**6:
        raise argparse.ArgumentTypeError("must be 0 to 1,000,000")
    return speed
