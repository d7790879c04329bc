"""Creators: open one."""

import datetime as dt
import secrets
from typing import Final

from django.db import transaction
from django.utils.text import slugify

from accounts.models import Customer
from config.kit.errors import InvalidInputError
from marketplace.models import Creator

NAME_MAX: Final = 80
SLUG_MAX: Final = 50


def open_creator(*, customer: Customer, display_name: str, now: dt.datetime) -> Creator:
    """Make a customer a creator, or give the creator that it already is; raise InvalidInputError."""
    name = display_name.strip()
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise InvalidInputError(f"A creator's name has 1 to {NAME_MAX} printable characters.")
    with transaction.atomic():
        # Two first clicks race here: the customer's row lets the second find what the first made.
        Customer.objects.select_for_update().get(pk=customer.pk)
        found = Creator.objects.filter(customer=customer).first()
        return found or Creator.objects.create(
            customer=customer, display_name=name, slug=_free_slug(name), created_at=now
        )


def _free_slug(name: str) -> str:
    slug = slugify(name)[:SLUG_MAX] or "creator"
    taken = Creator.objects.filter(slug=slug).exists()
    return f"{slug}-{secrets.token_hex(3)}" if taken else slug
