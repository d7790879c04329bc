"""Make the sums that pages read anew, from every run."""

from typing import Any

from django.core.management.base import BaseCommand

from billing.operations import rollups


class Command(BaseCommand):
    help = "Make the daily sums of runs anew; pages stay exact meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{rollups.rebuild():,} runs are summed anew.")
