"""Refunds for staff: what was given back, and giving back, with who bears what shown first."""

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import audit
from billing.models import Refund, RefundStateChange, TopUp
from billing.operations import refunds
from billing.operations.refunds import Ask
from billing.queries import refunds as queries
from billing.queries.lineage import Payment
from config.kit import clock, ids
from config.kit.errors import DomainError
from wallets import money
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from wallets.templatetags.money import cents

COLOURS: Final = {
    "requested": "info",
    "sending": "info",
    "unknown": "warning",
    "refunded": "success",
    "failed": "danger",
}


class RefundForm(forms.Form):
    """How much is given back, and why; `reference` makes a double click one refund."""

    reference = forms.CharField(max_length=60, widget=forms.HiddenInput)
    amount = forms.CharField(
        max_length=20, widget=UnfoldAdminTextInputWidget, help_text="USD, such as 8.63; spent credits too"
    )
    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget)

    def clean_amount(self) -> int:
        """Read whole cents."""
        try:
            return money.parse_cents(self.cleaned_data["amount"], field="amount")
        except DomainError as error:
            raise forms.ValidationError(error.detail) from error


class RefundStateChangeInline(ReadOnlyInline):
    model = RefundStateChange
    fields = ("changed_at", "from_state", "to_state", "reason")
    readonly_fields = fields
    ordering = ("id",)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """Refunds, found by their own id, Stripe's, the payment's or the customer's."""

    list_display = ("public_id", "customer", "amount", "clawed", "shown_state", "principal", "created_at")
    list_select_related = ("customer", "claw")
    list_filter = ("state",)
    search_fields = (
        *("public_id__exact", "stripe_refund_id__exact", "payment_intent_id__exact", "reference__exact"),
        *("customer__public_id__exact", "customer__email", "customer__name"),
    )
    search_help_text = "rfd_…, re_…, pi_…, top_…, cst_…, name or e-mail"
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (RefundStateChangeInline,)

    @display(description="state", label=COLOURS, ordering="state")
    def shown_state(self, refund: Refund) -> str:
        """Show the state."""
        return refund.state

    @display(description="amount", ordering="amount_cents")
    def amount(self, refund: Refund) -> str:
        """Show what was given back."""
        return cents(refund.amount_cents)

    @display(description="credits")
    def clawed(self, refund: Refund) -> str:
        """Show what left the wallet."""
        return money.text(refund.claw.amount) if refund.claw else ""


class RefundingAdmin(ReadOnlyAdmin):
    """A page of top-ups from which staff gives back."""

    @action(description="Refund", url_path="refund", permissions=["refund"])
    def refund(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show who bears what of an amount; a POST that confirms it gives it back."""
        if not self.has_refund_permission(request):
            raise PermissionDenied
        top_up = get_object_or_404(TopUp.objects.select_related("customer"), pk=object_id)
        payment = queries.payment_of(top_up=top_up)
        if payment is None:
            messages.error(request, "This top-up is not paid.")
            return redirect("admin:billing_topup_change", top_up.pk)
        standing = queries.standing(payment=payment, now=clock.now())
        first = f"{(standing.refundable_cents or standing.left_cents) / 100:.2f}"
        asked = {"amount": request.GET.get("amount", first), "reference": ids.new("act_")}
        form = RefundForm(request.POST or None, initial=asked)
        if request.method == "POST" and form.is_valid() and _given(request, payment, form):
            return redirect("admin:billing_topup_change", top_up.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": "Refund",
            "opts": self.model._meta,
            "top_up": top_up,
            "standing": standing,
            "refunds": queries.of_payment(intent_id=payment.intent_id),
            "preview": _preview(payment, request.POST.get("amount", asked["amount"])),
            "form": form,
        }
        return TemplateResponse(request, "admin/billing/refund.html", context)

    def has_refund_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may give money back."""
        return request.user.has_perm("billing.add_refund")


def _preview(payment: Payment, text: str) -> queries.Recovery | None:
    try:
        amount_cents = money.parse_cents(text, field="amount")
    except DomainError:
        return None
    if amount_cents <= 0:
        return None
    return refunds.preview(payment=payment, amount_cents=amount_cents, now=clock.now())


def _given(request: HttpRequest, payment: Payment, form: forms.Form) -> bool:
    said, staff = form.cleaned_data, audit.staff(request=request)
    ask = Ask(
        amount_cents=said["amount"],
        principal=staff.actor,
        key=said["reference"],
        reason=said["reason"],
        by=staff.user,
        spent=True,
    )
    try:
        refund = refunds.request(payment=payment, ask=ask, now=clock.now())
    except DomainError as error:
        form.add_error("amount", error.detail)
        return False
    messages.success(request, f"{cents(refund.amount_cents)} is on its way back.")
    return True
