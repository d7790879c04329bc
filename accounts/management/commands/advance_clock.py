"""Move the clock of a development system: see expiries, maturity and payouts without waiting."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.kit import clock


class Command(BaseCommand):
    help = "Move this development system's clock forward. Refused in production."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=0)
        parser.add_argument("--seconds", type=int, default=0)
        parser.add_argument(
            "--to", type=dt.datetime.fromisoformat, help="a moment, such as 2026-03-11T09:00+00:00"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.CLOCK_MOVABLE:
            raise CommandError("The clock moves in development and tests only.")
        step = dt.timedelta(days=options["days"], seconds=options["seconds"])
        if options["to"]:
            step += options["to"] - clock.now()
        if step < dt.timedelta(0):
            raise CommandError("The clock moves forward only.")
        clock.advance(by=step)
        self.stdout.write(f"It is now {clock.now():%a %Y-%m-%d %H:%M:%S} UTC.")
