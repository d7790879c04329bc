"""`manage.py publish_catalogue`: bring the platform's features and plans to what the files say."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.kit import clock
from config.kit.errors import DomainError
from marketplace import catalogue

ACTOR = "command:publish_catalogue"


class Command(BaseCommand):
    """Publish the catalogue; the same files again change nothing."""

    help = "Publish features and platform plans from YAML; subscribers of a plan that changes keep their version."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the folder."""
        parser.add_argument(
            "--folder", type=Path, default=catalogue.FOLDER, help="features.yaml and plans/*.yaml"
        )

    def handle(self, *_args: Any, folder: Path, **_options: Any) -> None:
        """Publish, and say what changed."""
        try:
            changed = catalogue.publish(actor=ACTOR, now=clock.now(), folder=folder)
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        told = [
            *(f"feature {each}" for each in changed.features),
            *(f"plan {each}" for each in changed.plans),
        ]
        told += [f"plan {each} is offered no more" for each in changed.retired]
        self.stdout.write("\n".join(told) or "Nothing changed.")
