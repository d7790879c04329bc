"""Runs for staff: found by their id, looked into, and undone where they had failed after all."""

from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import audit
from billing.models import Execution
from billing.queries import receipts
from config.kit import clock, reasons
from config.kit.errors import DomainError
from payouts.admin import charged
from payouts.operations import undoing
from payouts.queries import pulls
from payouts.queries import undoing as queries
from wallets import money
from wallets.admin import adjusting
from wallets.admin.readonly import ReadOnlyAdmin

COLOURS: Final = {"settled": "success", "unbilled": "danger", "expired": "warning", "undone": "info"}
PERMISSION: Final = "billing.undo_execution"
CHANGE_PAGE: Final = "admin:billing_execution_change"


class ReasonForm(forms.Form):
    """Why it is undone; its customer and its creators may be told."""

    reason = forms.CharField(max_length=reasons.LENGTH_MAX, widget=UnfoldAdminTextInputWidget)


@admin.register(Execution)
class ExecutionAdmin(ReadOnlyAdmin):
    """Runs, found by id or customer."""

    list_display = ("public_id", "customer", "agent", "shown_state", "charge", "opened_at", "closed_at")
    list_select_related = ("customer", "agent")
    list_filter = ("state", "source")
    search_fields = ("public_id__exact", "customer__public_id__exact", "agent__slug__exact")
    search_help_text = "exe_…, cst_… or an agent's short name"
    exclude = ("fingerprint", "settle_fingerprint")
    in_credits = (
        *(
            "quota_held",
            "quota_used",
            "estimate",
            "held",
            "max_charge",
            "metered",
            "cost",
            "charged",
            "released",
        ),
        *("unbilled", "platform_amount", "zero_cash_earned"),
        *("available_after_reserve", "available_after_settle"),
    )
    in_usd = ("cash", "overage", "processing")
    written: ClassVar = {
        "quoted_usage": ("quoted usage", charged.readings),
        "metered_usage": ("metered usage", charged.readings),
        "usage": ("usage", charged.readings),
        "lines": ("what it cost", charged.lines),
        "cells": ("who has it", charged.parts),
    }
    ordering = ("-id",)
    show_full_result_count = False
    actions_detail = ("undo",)

    @display(description="state", label=COLOURS, ordering="state")
    def shown_state(self, execution: Execution) -> str:
        """Show the state."""
        return execution.shown_state

    @display(description="charged", ordering="charged")
    def charge(self, execution: Execution) -> str:
        """Show the credits charged."""
        return money.text(execution.charged)

    @action(description="Undo", url_path="undo", permissions=["undo"], icon="undo")
    def undo(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show who has what afterwards and who gives it back; a POST with a reason undoes it."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        run = get_object_or_404(Execution.objects.select_related("customer", "agent", "wallet"), pk=object_id)
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and _undone(request, run, form):
            return redirect(CHANGE_PAGE, run.pk)
        run.refresh_from_db()
        return TemplateResponse(request, "admin/payouts/undo.html", self._shown(request, run, form))

    def has_undo_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may undo it; the page says why one cannot be that was settled."""
        settled = Execution.objects.filter(pk=object_id, state=Execution.State.SETTLED)
        return request.user.has_perm(PERMISSION) and settled.exists()

    def _shown(self, request: HttpRequest, run: Execution, form: forms.Form) -> dict[str, Any]:
        plan = queries.plan(run=run)
        return {
            **self.admin_site.each_context(request),
            "title": "Undo a run",
            "opts": self.model._meta,
            "run": run,
            "refusal": queries.refusal(run=run),
            "preview": adjusting.before_and_after(wallet=run.wallet, change=plan.amount)
            if run.wallet
            else None,
            "drawn": receipts.drawn(execution=run),
            "plan": plan,
            "bearers": pulls.bearers(parts=plan.pulls),
            "form": form,
        }


def _undone(request: HttpRequest, run: Execution, form: forms.Form) -> bool:
    reason = form.cleaned_data["reason"]
    try:
        undoing.undo(run=run, by=audit.staff(request=request), reason=reason, now=clock.now())
    except DomainError as error:
        form.add_error("reason", error.detail or error.title)
        return False
    messages.success(request, f"Undone: {money.text(run.charged)} credits are back.")
    return True
