"""Recompute the statements of creators from the rows and see whether they are what was sealed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.models import Creator
from payouts.models import Statement
from payouts.queries import statements


class Command(BaseCommand):
    help = "Verify the hash chain of creators' statements, and each against its lines and the ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--creator", help="a creator's public id; else all of them")

    def handle(self, *args: Any, **options: Any) -> None:
        creators = Creator.objects.filter(pk__in=Statement.objects.values("creator")).order_by("pk")
        if options["creator"]:
            creators = creators.filter(public_id=options["creator"])
        broken = 0
        for creator in creators:
            for payout, wrong in statements.verified(creator=creator).items():
                broken += 1
                self.stderr.write(f"{creator.public_id} {payout}: {' '.join(wrong)}")
        if broken:
            raise CommandError(f"{broken} statements do not verify.")
        self.stdout.write(f"The statements of {creators.count()} creators verify.")
