"""Arrears for staff: who owes, and writing off with who bears it instead shown first."""

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
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
from payouts.models import WriteOff
from payouts.operations import write_offs
from payouts.queries import pulls
from payouts.queries import write_offs as queries
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from wallets.models import WalletDebt
from wallets.templatetags.money import credits_text

LABEL: Final = "Write off"
PERMISSION: Final = "payouts.add_writeoff"


class ReasonForm(forms.Form):
    """Why nobody will pay."""

    reason = forms.CharField(max_length=reasons.LENGTH_MAX, widget=UnfoldAdminTextInputWidget)


class WriteOffInline(ReadOnlyInline):
    model = WriteOff
    fields = ("public_id", "credits", "creators", "platform", "loss", "actor", "reason", "created_at")
    readonly_fields = fields
    ordering = ("id",)

    def credits(self, made: WriteOff) -> str:
        """Show all of it."""
        return credits_text(made.amount)

    def creators(self, made: WriteOff) -> str:
        """Show what creators bore."""
        return credits_text(made.pulled)

    def platform(self, made: WriteOff) -> str:
        """Show the platform's own part."""
        return credits_text(made.own)

    def loss(self, made: WriteOff) -> str:
        """Show what nobody else bore."""
        return credits_text(made.lost)


@admin.register(WalletDebt)
class WalletDebtAdmin(ReadOnlyAdmin):
    """What wallets are below zero by; arrears are written off here."""

    list_display = ("id", "customer", "kind", "owed", "of", "created_at")
    list_filter = ("kind",)
    in_credits = ("amount", "remaining", "paid", "billed", "waived", "written_off", "recovered")
    in_usd = ("carried",)
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (WriteOffInline,)
    actions_detail = ("write_off",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WalletDebt]:
        """Bring each wallet and its owner along."""
        customer = Customer.objects.filter(pk=OuterRef("wallet__owner_id"))
        debts: QuerySet[WalletDebt] = super().get_queryset(request)
        return debts.select_related("wallet").annotate(
            customer_name=Subquery(customer.values("name")), customer_email=Subquery(customer.values("email"))
        )

    @display(description="customer")
    def customer(self, debt: WalletDebt) -> str:
        """Name who owes."""
        return f"{debt.customer_name} · {debt.customer_email}"  # type: ignore[attr-defined]

    @display(description="owed")
    def owed(self, debt: WalletDebt) -> str:
        """Show what is still owed."""
        return credits_text(debt.remaining)

    @display(description="of")
    def of(self, debt: WalletDebt) -> str:
        """Show all that it was."""
        return credits_text(debt.amount)

    @action(description=LABEL, url_path="write-off", permissions=["write_off"])
    def write_off(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show who bears it; a POST with a reason writes it off."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        debt = get_object_or_404(self.get_queryset(request), pk=object_id)
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and _written_off(request, debt, form):
            return redirect("admin:wallets_walletdebt_change", debt.pk)
        plan = queries.plan(debt=debt)
        context = {
            **self.admin_site.each_context(request),
            "title": "Write off arrears",
            "opts": self.model._meta,
            "debt": debt,
            "owner": self.customer(debt),
            "plan": plan,
            "bearers": pulls.bearers(parts=plan.pulls),
            "form": form,
        }
        return TemplateResponse(request, "admin/payouts/write_off.html", context)

    def has_write_off_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may write this off: arrears of which something is owed."""
        owed = WalletDebt.objects.filter(pk=object_id, kind=WalletDebt.Kind.ARREARS, remaining__gt=0)
        return request.user.has_perm(PERMISSION) and owed.exists()


def _written_off(request: HttpRequest, debt: WalletDebt, form: forms.Form) -> bool:
    staff, reason, now = audit.staff(request=request), form.cleaned_data["reason"], clock.now()
    try:
        made = write_offs.write_off(debt=debt, actor=staff.actor, reason=reason, now=now)
    except DomainError as error:
        form.add_error("reason", error.detail or error.title)
        return False
    messages.success(request, f"{credits_text(made.amount)} credits are written off.")
    return True
