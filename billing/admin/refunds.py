"""Giving back for staff, with who bears what shown first."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import audit
from billing.models import TopUp
from billing.operations import refunds
from billing.operations.refunds import Ask
from billing.queries import refunds as queries
from billing.queries.lineage import Payment
from config.kit import clock, ids
from config.kit.errors import DomainError
from wallets.admin.fields import DollarsField
from wallets.admin.readonly import ReadOnlyAdmin
from wallets.templatetags.money import cents


class RefundForm(forms.Form):
    """How much is given back, and why; `reference` makes a double click one refund."""

    reference = forms.CharField(max_length=60, widget=forms.HiddenInput)
    amount = DollarsField(help_text="USD, such as 8.63; spent credits too")
    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget)


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
            "title": "Refund a top-up",
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
        amount_cents = DollarsField().clean(text)
    except forms.ValidationError:
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
