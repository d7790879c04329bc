from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from billing.stripe import endpoints


class Command(BaseCommand):
    """Register this deployment's webhook endpoints at Stripe."""

    help = "Register this deployment's webhook endpoints at Stripe; those that exist are left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address that Stripe reaches us by."""
        parser.add_argument("--base-url", default=settings.SITE_URL)

    def handle(self, *_: Any, base_url: str, **__: Any) -> None:
        """Register, and say where events arrive."""
        for url in endpoints.register(base_url=base_url.rstrip("/")):
            self.stdout.write(url)
