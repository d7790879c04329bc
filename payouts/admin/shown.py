"""How the admin shows a payout's figures, asks before it moves money, and names who acts."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from unfold.admin import ModelAdmin

from accounts import audit
from accounts.models import User
from config.kit import clock
from marketplace.models import Creator
from payouts.models import Payout
from payouts.operations import approvals
from payouts.queries.why import Answer
from wallets import money
from wallets.admin.links import link

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
    return link(url=url, text=creator.display_name)


def actor(request: HttpRequest) -> str:
    """Name who acts, for the history."""
    return audit.named(user=user(request))


def user(request: HttpRequest) -> User:
    """Give the member of staff who acts."""
    return cast("User", request.user)


def approve(request: HttpRequest, payouts: Iterable[Payout]) -> None:
    """Approve payouts, and say how many were, and how many wait for a second person. Raises as the operation does."""
    chosen = list(payouts)
    count = approvals.approve(payouts=chosen, actor=actor(request), now=clock.now(), user=user(request))
    if count:
        messages.success(request, f"{count} approved. The transfers are being made.")
    if waiting := len(chosen) - count:
        messages.warning(request, f"{waiting} approved by you; a payout of this size needs a second person.")


def line(payout: Payout) -> str:
    """Name a payout in a list of them."""
    return (
        f"{payout.creator.display_name}: {dollars(payout.amount_cents)}, {payout.get_state_display().lower()}"
    )


def listed(lines: Iterable[str]) -> str:
    """Write lines under each other."""
    return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines)) or "—"


def reasons(answer: Answer) -> str:
    """Write why a creator is not paid, and when it is tried next."""
    found = [f"{reason.code}: {reason.detail}" for reason in answer.reasons]
    if answer.next_attempt:
        found.append(f"Next attempt: {answer.next_attempt}")
    return listed(found) if found else "All is paid."


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
