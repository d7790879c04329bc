"""Withdrawals of our own money, and what we stand for."""

import csv
from io import StringIO
from itertools import groupby
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts import audit
from billing.stripe import links
from config.kit import clock, ids
from config.kit.errors import DomainError
from payouts.admin import shown
from payouts.models import Withdrawal
from payouts.operations import withdrawals
from payouts.queries import liability, solvency
from wallets import money
from wallets.admin.fields import DollarsField
from wallets.admin.links import link
from wallets.admin.readonly import ReadOnlyAdmin

LIST: Final = "admin:payouts_withdrawal_changelist"
STATES: Final = {"sending": "warning", "unknown": "warning", "sent": "success", "failed": "danger"}


class WithdrawalForm(forms.Form):
    """How much goes to our bank, and why; `reference` makes a double click one withdrawal."""

    amount = DollarsField(label="USD to withdraw")
    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextareaWidget)
    reference = forms.CharField(max_length=30, widget=forms.HiddenInput)


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    """Our own money on its way to our bank, and what is free to go there."""

    list_display = (
        "public_id",
        "state_label",
        "usd",
        "free",
        "reason",
        "requested_by",
        "requested_at",
        "at_stripe",
    )
    list_select_related = ("requested_by",)
    list_filter = ("state",)
    in_usd = ("coverage",)
    search_fields = ("public_id__exact", "stripe_payout_id__exact", "reason")
    ordering = ("-id",)
    actions_list = ("withdraw", "liability", "liability_csv")

    def has_withdraw_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may withdraw."""
        return request.user.has_perm("payouts.withdraw_float")

    @display(description="state", ordering="state", label=STATES)
    def state_label(self, row: Withdrawal) -> tuple[str, str]:
        """Show the state in its colour."""
        return row.state, row.get_state_display()

    @display(description="amount", ordering="amount_cents")
    def usd(self, row: Withdrawal) -> str:
        """Show the dollars."""
        return shown.dollars(row.amount_cents)

    @display(description="was free")
    def free(self, row: Withdrawal) -> str:
        """Show what was free when it was asked for."""
        return "$" + money.usd_text(row.coverage * money.MICRO)

    @display(description="at Stripe")
    def at_stripe(self, row: Withdrawal) -> str:
        """Link to Stripe's payout."""
        if not row.stripe_payout_id:
            return row.error
        return link(url=links.page_of(stripe_id=row.stripe_payout_id), text=row.stripe_payout_id)

    @action(description="Withdraw", url_path="withdraw", permissions=["withdraw"], icon="account_balance")
    def withdraw(self, request: HttpRequest) -> HttpResponse:
        """See what is free, say how much and why, confirm."""
        form = WithdrawalForm(request.POST or None, initial={"reference": ids.new(ids.WITHDRAWAL)})
        confirmed = request.POST.get("step") == "confirm"
        if request.method == "POST" and form.is_valid() and confirmed and self._sent(request, form):
            return redirect(LIST)
        coverage = solvency.coverage()
        asked = (
            money.cents_to_micros(form.cleaned_data["amount"]) if form.is_bound and form.is_valid() else None
        )
        return TemplateResponse(
            request,
            "admin/payouts/withdraw.html",
            {
                **self.admin_site.each_context(request),
                "title": "Withdraw our own money",
                "opts": self.model._meta,
                "form": form,
                "coverage": coverage,
                "asked": asked,
                "covered": asked is not None and 0 < asked <= coverage.free,
                "back_url": reverse(LIST),
            },
        )

    @action(description="Liability report", url_path="liability", permissions=["view"], icon="summarize")
    def liability(self, request: HttpRequest) -> HttpResponse:
        """Show unused credits, what creators have, breakage, and the ledger's accounts beside their totals."""
        found = liability.report(now=clock.now())
        rows = liability.rows(liability=found)
        return TemplateResponse(
            request,
            "admin/payouts/liability.html",
            {
                **self.admin_site.each_context(request),
                "title": "Liability and breakage",
                "opts": self.model._meta,
                "at": found.at,
                "sections": [(name, list(lines)) for name, lines in groupby(rows, key=lambda row: row[0])],
                "ties": found.ties,
                "csv_url": reverse("admin:payouts_withdrawal_liability_csv"),
            },
        )

    @action(description="Liability as CSV", url_path="liability-csv", permissions=["view"], icon="download")
    def liability_csv(self, request: HttpRequest) -> HttpResponse:
        """Give what the report shows, line by line."""
        found = liability.report(now=clock.now())
        out = StringIO()
        csv.writer(out).writerows([liability.COLUMNS, *liability.rows(liability=found)])
        name = f"liability-{found.at:%Y-%m-%d}.csv"
        return HttpResponse(
            out.getvalue(),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _sent(self, request: HttpRequest, form: WithdrawalForm) -> bool:
        if not self.has_withdraw_permission(request):
            raise PermissionDenied
        try:
            row = withdrawals.withdraw(
                amount_cents=form.cleaned_data["amount"],
                reason=form.cleaned_data["reason"],
                reference=form.cleaned_data["reference"],
                staff=audit.staff(request=request),
                now=clock.now(),
            )
        except DomainError as refusal:
            form.add_error("amount", refusal.detail)
            return False
        messages.success(request, f"{row}: {row.get_state_display()}.")
        return True
