"""`manage.py move_subscribers`: bring a plan's subscribers to a later version, previewed first."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.documents import spreadsheet
from billing.operations.subscriptions import moving
from billing.operations.subscriptions.moving import Decision
from billing.queries import moves
from billing.queries.moves import Mover
from config.kit import clock
from config.kit.errors import DomainError
from marketplace.models import Plan

ACTOR = "command:move_subscribers"


class Command(BaseCommand):
    """Show whom another version would reach, and what it changes for them; plan it only when asked to."""

    help = "Preview a move of subscribers (--plan pro or --agent my-agent); --apply --reason … plans it and tells them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the plan, the versions, and whether to do it."""
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--plan", help="A plan of the platform, by its slug.")
        whose.add_argument("--agent", help="A creator's agent, by its slug.")
        parser.add_argument("--to", type=int, help="The version's number; else the latest.")
        parser.add_argument("--from", type=int, action="append", default=[], dest="earlier", metavar="NUMBER")
        parser.add_argument("--notice-days", type=int, default=settings.PRICE_NOTICE_DAYS)
        parser.add_argument("--csv", type=Path, help="Write the preview there as well.")
        parser.add_argument("--reason", default="")
        parser.add_argument("--apply", action="store_true")

    def handle(self, *_args: Any, apply: bool, **options: Any) -> None:
        """Preview, then plan if asked to."""
        now = clock.now()
        try:
            proposal = moves.propose(
                plan=_plan(options),
                to=options["to"],
                from_numbers=options["earlier"],
                notice_days=options["notice_days"],
            )
            found = moves.movers(proposal=proposal, now=now)
            self._tell(found, options["csv"])
            if apply:
                decision = Decision(actor=ACTOR, reason=options["reason"])
                planned = moving.plan(proposal=proposal, decision=decision, now=now)
                self.stdout.write(f"{planned} planned; each is told by mail.")
        except DomainError as error:
            raise CommandError(error.detail) from error

    def _tell(self, found: list[Mover], file: Path | None) -> None:
        for mover in found:
            self.stdout.write(_line(mover))
        able = sum(not mover.problem for mover in found)
        self.stdout.write(f"{able} of {len(found)} subscribers can be moved.")
        if file is not None:
            file.write_text(spreadsheet.movers(rows=found), encoding="utf-8")


def _plan(options: dict[str, Any]) -> Plan:
    named = {"slug": options["plan"]} if options["plan"] else {"agent__slug": options["agent"]}
    found = Plan.objects.filter(**named).first()
    if found is None:
        raise CommandError(f"There is no plan of {options['plan'] or options['agent']}.")
    return found


def _line(mover: Mover) -> str:
    if mover.problem or mover.then is None or mover.starts_at is None:
        return f"{mover.customer} ({mover.subscription}): {mover.problem}"
    fee = f"${spreadsheet.usd(mover.today.fee_cents)} -> ${spreadsheet.usd(mover.then.fee_cents)}"
    return f"{mover.customer} ({mover.subscription}): {fee} from {mover.starts_at:%Y-%m-%d}"
