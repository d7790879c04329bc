"""`manage.py seed_demo`: make the demo and write what opens it."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.kit import clock
from config.kit.errors import DomainError
from payouts.operations import demo

PRIVATE = 0o600


class Command(BaseCommand):
    """Make the demo; again it changes nothing, and keys and passwords stay."""

    help = (
        "Make the demo (people, keys, agents, webhook endpoints) and write demo.json. Refused in production."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file and the two addresses."""
        parser.add_argument("--out", type=Path, required=True, help="Where demo.json is written.")
        parser.add_argument("--base-url", default=settings.SITE_URL)
        parser.add_argument("--stripe-url", default=settings.STRIPE_API_BASE)

    def handle(self, *_args: Any, out: Path, base_url: str, stripe_url: str, **_options: Any) -> None:
        """Seed, and write the file only its owner may read."""
        try:
            made = demo.seed(
                known=_read(out), base_url=base_url.rstrip("/"), stripe_url=stripe_url, now=clock.now()
            )
        except DomainError as error:
            raise CommandError(error.detail) from error
        out.parent.mkdir(parents=True, exist_ok=True)
        out.touch(mode=PRIVATE)
        out.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
        self.stdout.write(f"The demo is ready: {out}")


def _read(out: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(out.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return {}
