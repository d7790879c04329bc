"""Prove the books: every invariant, one line each; exit 1 on any violation."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.kit import clock
from wallets import books


class Command(BaseCommand):
    help = "Check every invariant of the books; exit 1 when one is violated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json",
            action="store_true",
            help="print one JSON document instead of lines",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        results: list[dict[str, Any]] = []
        for number, invariant in enumerate(invariants := books.invariants(), start=1):
            self._progress(f"{number}/{len(invariants)} {invariant.name}", quiet=options["json"])
            violation = books.check(invariant=invariant, now=now)
            books.record(invariant=invariant, violation=violation, now=now)
            rows = violation.rows if violation else []
            results.append(
                {
                    "name": invariant.name,
                    "protects": invariant.protects,
                    "violations": rows,
                }
            )
            if not options["json"]:
                self._line(invariant, rows)
        if options["json"]:
            self.stdout.write(json.dumps(results, default=str, indent=1))
        broken = sum(1 for result in results if result["violations"])
        if not options["json"]:
            self.stdout.write(f"{len(results)} invariants, {broken} violated")
        if broken:
            sys.exit(1)

    def _line(self, invariant: books.Invariant, rows: list[dict[str, Any]]) -> None:
        state = self.style.ERROR("VIOLATED") if rows else self.style.SUCCESS("ok      ")
        self.stdout.write(f"{state} {invariant.name}: {invariant.protects}")
        for row in rows:
            self.stdout.write(f"         {row}")

    def _progress(self, text: str, *, quiet: bool) -> None:
        if not quiet and self.stderr.isatty():
            self.stderr.write(f"\r\033[K{text}\r", ending="")
