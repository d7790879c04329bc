"""Payouts: found, looked into, approved, retried, cancelled."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from unfold.decorators import action, display

from config.kit import clock
from config.kit.errors import DomainError
from config.kit.jobs import enqueue
from payouts.admin import shown
from payouts.models import Payout, PayoutAttempt, PayoutItem, PayoutStateChange
from payouts.operations import approvals
from wallets import money
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline

CHANGE_PAGE = "admin:payouts_payout_change"


class ItemInline(ReadOnlyInline):
    model = PayoutItem
    fields = ("kind", "agent", "day", "credits")
    readonly_fields = fields
    ordering = ("day", "id")

    def credits(self, item: PayoutItem) -> str:
        """Show the credits of a line."""
        return money.text(item.amount)


class AttemptInline(ReadOnlyInline):
    model = PayoutAttempt
    fields = (
        *(
            "number",
            "outcome",
            "idempotency_key",
            "calls",
            "stripe_transfer_id",
            "error_code",
            "error_detail",
        ),
        *("started_at", "finished_at"),
    )
    readonly_fields = fields
    ordering = ("number",)


class ChangeInline(ReadOnlyInline):
    model = PayoutStateChange
    fields = ("at", "old", "new", "actor", "reason")
    readonly_fields = fields
    ordering = ("id",)
    verbose_name_plural = "history"


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    """Payouts with their attempts and history; staff approve, retry and cancel."""

    list_display = (
        *("public_id", "creator_page", "state_label", "amount_usd", "period", "scheduled_for"),
        *("stripe_transfer_id", "failure_code", "sent_at", "paid_at"),
    )
    list_select_related = ("creator",)
    list_filter = ("state", "scheduled_for")
    search_fields = (
        *("public_id__exact", "stripe_transfer_id__exact", "destination__exact"),
        *("creator__display_name", "creator__public_id__exact", "creator__customer__email"),
    )
    search_help_text = "Payout, transfer (tr_…) or account (acct_…), or the creator's name, id or e-mail"
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (AttemptInline, ItemInline, ChangeInline)
    actions = ("approve_selected", "cancel_selected")
    actions_list = ("start_run",)
    actions_detail = ("approve", "cancel", "look_up")
    fields = (
        *("creator_page", "amount_usd", "amount_credits", "state", "failure_code", "failure_detail"),
        *("period", "scheduled_for", "run", "account", "destination", "stripe_transfer_id", "transferred_at"),
        *("bank_payout", "reversed_usd", "approved_by", "created_at", "approved_at", "sent_at", "paid_at"),
    )
    readonly_fields = fields

    @admin.display(description="creator", ordering="creator__display_name")
    def creator_page(self, payout: Payout) -> str:
        """Link to the creator."""
        return shown.creator_link(payout.creator)

    @display(description="state", ordering="state", label=shown.STATE_COLOURS)
    def state_label(self, payout: Payout) -> tuple[str, str]:
        """Show the state in its colour."""
        waits = payout.waits_for_funds
        return payout.state, "Waiting for funds" if waits else payout.get_state_display()

    @admin.display(description="amount", ordering="amount_cents")
    def amount_usd(self, payout: Payout) -> str:
        """Show the dollars."""
        return shown.dollars(payout.amount_cents)

    @admin.display(description="credits")
    def amount_credits(self, payout: Payout) -> str:
        """Show the credits."""
        return money.text(payout.amount)

    @admin.display(description="reversed")
    def reversed_usd(self, payout: Payout) -> str:
        """Show what was taken back."""
        return shown.dollars(payout.reversed_cents)

    @admin.display(description="period", ordering="period_start")
    def period(self, payout: Payout) -> str:
        """Show the week's Monday and Sunday, on one line."""
        first, last = payout.period_start, payout.last_day
        return f"{first.day} {first:%b} to {last.day} {last:%b %Y}".replace(" ", "\u00a0")

    def has_approve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may approve and cancel payouts."""
        return request.user.has_perm("payouts.approve_payout")

    @action(description="Start payout run", url_path="start-run", permissions=["approve"], icon="play_arrow")
    def start_run(self, _request: HttpRequest) -> HttpResponse:
        """Lead to the page that previews and starts a run."""
        return redirect("admin:payouts_payoutrun_start")

    @admin.action(description="Approve, or retry what failed", permissions=["approve"])
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[Payout]) -> None:
        """Approve all that were chosen, or none."""
        self._approve(request, queryset.order_by("id"))

    @admin.action(description="Cancel", permissions=["approve"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Payout]) -> None:
        """Cancel all that were chosen, or none."""
        self._cancel(request, queryset.order_by("id"))

    @action(description="Approve / retry", url_path="approve", permissions=["approve"], icon="check")
    def approve(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Approve one payout."""
        return self._on_one(request, object_id, self._approve, "Approve the payout", "It is sent at once.")

    @action(description="Cancel", url_path="cancel", permissions=["approve"], icon="close")
    def cancel(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Cancel one payout."""
        sentence = "Nothing is sent; the earnings go to the creator's next payout."
        return self._on_one(request, object_id, self._cancel, "Cancel the payout", sentence)

    @action(description="Look up at Stripe", url_path="look-up", permissions=["approve"], icon="search")
    def look_up(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Have unknown outcomes looked up now."""
        enqueue("payouts.resolve_unknown")
        messages.info(request, "Unknown outcomes are being looked up.")
        return redirect(CHANGE_PAGE, object_id)

    def _on_one(
        self, request: HttpRequest, object_id: int, act: Callable[..., None], title: str, sentence: str
    ) -> HttpResponse:
        payout = get_object_or_404(Payout.objects.select_related("creator"), pk=object_id)
        back_url = reverse(CHANGE_PAGE, args=[payout.pk])
        if request.method != "POST":
            lines = [shown.line(payout)]
            return shown.confirm(
                self, request, title=title, sentence=sentence, lines=lines, back_url=back_url
            )
        act(request, [payout])
        return redirect(back_url)

    def _approve(self, request: HttpRequest, payouts: Any) -> None:
        try:
            shown.approve(request, payouts)
        except DomainError as refusal:
            messages.error(request, refusal.detail)

    def _cancel(self, request: HttpRequest, payouts: Any) -> None:
        try:
            count = approvals.cancel(
                payouts=payouts, actor=shown.actor(request), now=clock.now(), reason="Cancelled by staff"
            )
        except DomainError as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, f"{count} cancelled. The earnings go to the next payout.")
