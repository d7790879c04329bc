"""Mail: one text made of a template, from this deployment's address."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string


def send(*, subject: str, template: str, context: dict[str, Any], to: Iterable[str]) -> None:
    """Send a mail to those who have an address: a customer opened at first sight has none.

    Raises OSError when the mail server does not take it.
    """
    addresses = [address for address in to if address]
    if addresses:
        send_mail(subject, render_to_string(template, context), settings.DEFAULT_FROM_EMAIL, addresses)
