"""Adjustments: what was asked for, decided by another person, and undone."""

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import audit
from accounts.models import Customer
from config.kit import clock, reasons
from config.kit.errors import DomainError
from wallets import adjustments
from wallets.admin.adjusting import before_and_after
from wallets.admin.readonly import ReadOnlyAdmin
from wallets.models import Adjustment
from wallets.templatetags.money import credits_text

COLOURS: Final = {"requested": "warning", "applied": "success", "declined": "danger"}
CHANGE_PAGE: Final = "admin:wallets_adjustment_change"


class DecisionForm(forms.Form):
    """Why something is declined."""

    reason = forms.CharField(
        label="Reason to decline", max_length=reasons.LENGTH_MAX, widget=UnfoldAdminTextInputWidget
    )


@admin.register(Adjustment)
class AdjustmentAdmin(ReadOnlyAdmin):
    """Adjustments; what is above the limit waits for another person."""

    list_display = (
        *("public_id", "owner", "credits", "state_label", "reason", "requested_by", "requested_at"),
        *("decided_by", "decided_at"),
    )
    list_filter = ("state",)
    list_select_related = ("wallet", "requested_by", "decided_by")
    search_fields = ("public_id__exact", "wallet__public_id__exact", "requested_by__email", "reason")
    search_help_text = "adj_…, wal_…, who asked, or a word of the reason"
    ordering = ("-id",)
    fields = (
        *("public_id", "owner", "wallet", "credits", "before", "state", "reason"),
        *("requested_by", "requested_at", "decided_by", "decided_at", "decision"),
        *("transaction", "reverses", "reversed_by"),
    )
    readonly_fields = ("owner", "credits", "before", "reversed_by")
    actions_detail = ("decide", "reverse")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Adjustment]:
        """Bring each wallet's owner along."""
        customer = Customer.objects.filter(pk=OuterRef("wallet__owner_id"))
        found: QuerySet[Adjustment] = super().get_queryset(request)
        return found.annotate(
            customer_name=Subquery(customer.values("name")), customer_email=Subquery(customer.values("email"))
        )

    @admin.display(description="customer")
    def owner(self, adjustment: Adjustment) -> str:
        """Name whose balance it is."""
        return f"{adjustment.customer_name} · {adjustment.customer_email}"  # type: ignore[attr-defined]

    @admin.display(description="credits", ordering="amount")
    def credits(self, adjustment: Adjustment) -> str:
        """Show the credits, with their sign."""
        return credits_text(adjustment.amount)

    @admin.display(description="available when asked")
    def before(self, adjustment: Adjustment) -> str:
        """Show what was available, and what it would have come to."""
        before = adjustment.available_before
        return f"{credits_text(before)}, then {credits_text(before + adjustment.amount)}"

    @display(description="state", label=COLOURS, ordering="state")
    def state_label(self, adjustment: Adjustment) -> str:
        """Show the state in its colour."""
        return adjustment.state

    @admin.display(description="reversed by")
    def reversed_by(self, adjustment: Adjustment) -> str:
        """Name the adjustment that undid it."""
        undo = Adjustment.objects.filter(reverses=adjustment).first()
        return undo.public_id if undo else ""

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may decide it, while it waits."""
        return request.user.has_perm("wallets.decide_adjustment") and _waits(object_id)

    def has_reverse_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may undo it, where it can be undone."""
        found = Adjustment.objects.filter(pk=object_id).first()
        if found is None or not request.user.has_perm("wallets.adjust_wallet"):
            return False
        return not adjustments.not_reversible(adjustment=found)

    @action(description="Approve or decline", url_path="decide", permissions=["decide"], icon="how_to_reg")
    def decide(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show before and after as they are now; approve, or decline with a reason."""
        found = get_object_or_404(self.get_queryset(request), pk=object_id)
        declines = request.POST.get("step") == "decline"
        form = DecisionForm(request.POST if declines else None)
        by, now = (audit.staff(request=request), clock.now()) if request.method == "POST" else (None, None)
        if by and now and not declines:
            return self._done(
                request, found, "Approved.", lambda: adjustments.approve(adjustment=found, by=by, now=now)
            )
        if by and now and form.is_valid():
            reason = form.cleaned_data["reason"]
            return self._done(
                request,
                found,
                "Declined.",
                lambda: adjustments.decline(adjustment=found, reason=reason, by=by, now=now),
            )
        return self._page(request, found, "decide.html", change=found.amount, form=form)

    @action(description="Reverse", url_path="reverse", permissions=["reverse"], icon="undo")
    def reverse(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Undo it by one of the opposite sign, of what is available."""
        found = get_object_or_404(self.get_queryset(request), pk=object_id)
        if request.method == "POST":
            return self._done(
                request,
                found,
                "Reversed.",
                lambda: adjustments.reverse(
                    adjustment=found, by=audit.staff(request=request), now=clock.now()
                ),
            )
        change = adjustments.reversible(adjustment=found, wallet=found.wallet, now=clock.now())
        return self._page(request, found, "reverse.html", change=change)

    def _done(
        self, request: HttpRequest, found: Adjustment, said: str, act: Callable[[], Adjustment]
    ) -> HttpResponse:
        try:
            made = act()
        except DomainError as refusal:
            messages.error(request, refusal.detail)
            return redirect(CHANGE_PAGE, found.pk)
        messages.success(request, f"{said} {credits_text(made.amount)} credits.")
        return redirect(CHANGE_PAGE, made.pk)

    def _page(
        self, request: HttpRequest, found: Adjustment, template: str, *, change: int, **more: Any
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"{'Decide' if template == 'decide.html' else 'Reverse'} {found.public_id}",
            "opts": self.model._meta,
            "adjustment": found,
            "owner": self.owner(found),
            "preview": before_and_after(wallet=found.wallet, change=change),
            "own": found.requested_by_id == request.user.pk,
            "back": CHANGE_PAGE,
            **more,
        }
        return TemplateResponse(request, f"admin/wallets/{template}", context)


def _waits(object_id: Any) -> bool:
    return Adjustment.objects.filter(pk=object_id, state=Adjustment.State.REQUESTED).exists()
