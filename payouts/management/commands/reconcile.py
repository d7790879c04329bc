"""Reconcile our cash with Stripe: one line a discrepancy; exit 1 when there is one, 2 when Stripe did not answer."""

import datetime as dt
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.stripe.errors import StripeUnavailableError
from config.kit import clock
from config.kit.errors import InvalidInputError
from payouts.models import Discrepancy, ReconciledDay, Reconciliation
from payouts.operations import reconciliation
from payouts.queries import standing_of_books

ACTOR = "command:reconcile"


class Command(BaseCommand):
    help = "Compare every balance transaction of Stripe's with the ledger; exit 1 on a discrepancy."

    def add_arguments(self, parser: CommandParser) -> None:
        day = dt.date.fromisoformat
        parser.add_argument(
            "--from", dest="first", type=day, help="the first day, UTC (all that is not closed)"
        )
        parser.add_argument("--to", dest="last", type=day, help="the last day, UTC (yesterday)")
        parser.add_argument("--json", action="store_true", help="print one JSON document instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        first, last = reconciliation.due(now=now)
        last = options["last"] or max(options["first"] or last, last)
        first = options["first"] or min(first, last)
        try:
            done = reconciliation.reconcile(first=first, last=last, actor=ACTOR, now=now)
        except StripeUnavailableError as refusal:
            raise CommandError(refusal.detail, returncode=2) from None
        except InvalidInputError as refusal:
            raise CommandError(refusal.detail) from None
        found = list(Discrepancy.objects.filter(resolved_at=None).order_by("since", "id"))
        closed = list(
            ReconciledDay.objects.filter(day__range=(first, last), closed__isnull=False).order_by("day")
        )
        if options["json"]:
            self.stdout.write(json.dumps(_document(done, found, closed), default=str, indent=1))
        else:
            self._print(done, found, closed, now)
        if found:
            sys.exit(1)

    def _print(
        self,
        done: Reconciliation,
        found: list[Discrepancy],
        closed: list[ReconciledDay],
        now: dt.datetime,
    ) -> None:
        for one in found:
            age = standing_of_books.age(since=one.since, until=now)
            self.stdout.write(self.style.ERROR(f"{one.kind:14}") + f" {one.key} ({age}) {one.detail}")
        self.stdout.write(
            f"{done}: {done.matched} matched, {done.pending} pending, {done.filled} gaps filled, "
            f"{len(found)} discrepancies, {len(closed)} days closed"
        )


def _document(done: Reconciliation, found: list[Discrepancy], closed: list[ReconciledDay]) -> dict[str, Any]:
    return {
        "first_day": done.first_day,
        "last_day": done.last_day,
        "matched": done.matched,
        "pending": done.pending,
        "filled": done.filled,
        "closed_days": [row.day for row in closed],
        "discrepancies": [
            {
                "kind": one.kind,
                "cause": one.key,
                "amount_usd_micros": one.amount,
                "detail": one.detail,
                "day": one.day,
                "since": one.since,
            }
            for one in found
        ],
    }
