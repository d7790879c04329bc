"""How the admin shows a payout's figures, asks before it moves money, and names who acts."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from marketplace.models import Creator
from payouts.models import Payout
from wallets import money

STATE_COLOURS = {
    Payout.State.DRAFT: "info",
    Payout.State.APPROVED: "info",
    Payout.State.SENDING: "warning",
    Payout.State.UNKNOWN: "warning",
    Payout.State.SENT: "success",
    Payout.State.PAID: "success",
    Payout.State.FAILED: "danger",
    Payout.State.REVERSED: "danger",
}


def dollars(cents: int) -> str:
    """Write cents as dollars."""
    return "$" + money.usd_text(money.cents_to_micros(cents) * money.MICRO)


def creator_link(creator: Creator) -> str:
    """Link to the creator's page for staff."""
    url = reverse("payouts:staff_creator", args=[creator.public_id])
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', url, creator.display_name
    )


def actor(request: HttpRequest) -> str:
    """Name who acts, for the history."""
    return f"staff:{request.user.get_username()}"[:80]


def line(payout: Payout) -> str:
    """Name a payout in a list of them."""
    return (
        f"{payout.creator.display_name}: {dollars(payout.amount_cents)}, {payout.get_state_display().lower()}"
    )


def confirm(
    page: "ModelAdmin[Any]",
    request: HttpRequest,
    *,
    title: str,
    sentence: str,
    lines: Iterable[str],
    back_url: str,
) -> HttpResponse:
    """Ask before acting: the button posts, so that no link elsewhere can move money."""
    context = {
        **page.admin_site.each_context(request),
        "title": title,
        "opts": page.model._meta,
        "sentence": sentence,
        "lines": list(lines),
        "button": title,
        "back_url": back_url,
    }
    return TemplateResponse(request, "admin/payouts/confirm.html", context)
