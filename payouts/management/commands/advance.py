"""Move the clock of a development system: see renewals, invoices, expiries and payouts without waiting."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.kit import clock
from payouts.operations import advance


def _moment(text: str) -> dt.datetime:
    """Read a day or a moment; what names no zone is in UTC."""
    at = dt.datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


class Command(BaseCommand):
    help = (
        "Move this development system's time and the Stripe stand-in's on, doing what falls due on the way."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", type=_moment, help="a day or moment, such as 2027-01-31 or 2026-03-11T09:00Z"
        )
        parser.add_argument("--days", type=int, default=0)
        parser.add_argument("--seconds", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        step = dt.timedelta(days=options["days"], seconds=options["seconds"])
        if bool(options["to"]) == bool(step):
            raise CommandError("Say how far: --to DATE, or --days and --seconds.")
        try:
            for at in advance.advance(to=options["to"] or clock.now() + step):
                self.stdout.write(f"{at:%a %Y-%m-%d %H:%M:%S} UTC")
        except advance.TimeStandsStillError as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(f"It is now {clock.now():%a %Y-%m-%d %H:%M:%S} UTC.")
