"""`manage.py import_rates`: follow the providers' prices, previewed first."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.kit import clock, jobs
from marketplace import rate_cards
from marketplace.models import RateCard
from marketplace.rate_cards.importing import CardUser, Change, users_of


class Command(BaseCommand):
    """Show what providers' prices would change on a rate card; write it only when asked to."""

    help = "Compare a rate card with the providers' prices (genai-prices); --apply writes what differs, from now on."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the card, models to add, and whether to write."""
        parser.add_argument("--card", default="standard")
        parser.add_argument("--add", action="append", default=[], metavar="PROVIDER/MODEL")
        parser.add_argument("--apply", action="store_true")

    def handle(self, *_args: Any, card: str, add: list[str], apply: bool, **_options: Any) -> None:
        """Preview, then write if asked to."""
        found = RateCard.objects.filter(slug=card).first()
        if found is None:
            raise CommandError(f"There is no rate card {card}.")
        now = clock.now()
        changes = rate_cards.preview(card=found, adding=[_named(text) for text in add], now=now)
        self._tell(changes, users_of(card=found, now=now))
        if apply and changes:
            rate_cards.apply(
                card=found, changes=changes, effective_from=now, actor="command:import_rates", now=now
            )
            jobs.enqueue("marketplace.watch_rates")
            self.stdout.write(f"Written, in force from {now:%Y-%m-%d %H:%M:%S} UTC.")

    def _tell(self, changes: list[Change], users: list[CardUser]) -> None:
        for change in changes:
            self.stdout.write(_line(change))
        if not changes:
            self.stdout.write("Nothing differs from the providers' prices.")
        losing = sum(change.loses for change in changes)
        if losing:
            self.stdout.write(f"{losing} would cost more than is charged.")
        self.stdout.write(f"Charges move for: {', '.join(str(user) for user in users) or 'no agent'}.")


def _named(text: str) -> tuple[str, str]:
    provider, slash, model = text.partition("/")
    if not (provider and slash and model):
        raise CommandError(f"{text!r} is not PROVIDER/MODEL.")
    return provider, model


def _line(change: Change) -> str:
    old = "new" if change.old_charge is None else f"cost ${change.old_cost:f}, charge ${change.old_charge:f}"
    loss = "  COSTS MORE THAN IT IS CHARGED" if change.loses else ""
    told = f"cost ${change.new_cost:f}, charge ${change.new_charge:f}"
    return f"{change.provider}/{change.model} {change.token_class}: {old} -> {told} a million tokens{loss}"
