"""Links in the admin: to another of its pages, or out to Stripe's."""

from django.utils.html import format_html


def link(*, url: str, text: str) -> str:
    """Write a link as the admin shows it."""
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', url, text)
