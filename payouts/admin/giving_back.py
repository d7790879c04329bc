"""Giving back for staff, with who bears what shown first: the wallet's part, and creators' of a plan's fee."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import audit
from billing.models import InvoicePayment
from billing.operations import refunds
from billing.operations.refunds import Ask, settling
from billing.queries import purchases
from billing.queries import refunds as queries
from billing.queries.lineage import Payment
from billing.queries.purchases import Bought
from config.kit import clock, ids
from config.kit.errors import DomainError
from payouts.queries import clawed_fees, pulls
from wallets.admin.fields import DollarsField
from wallets.admin.readonly import ReadOnlyAdmin
from wallets.templatetags.money import cents


class RefundForm(forms.Form):
    """How much is given back, and why; `reference` makes a double click one refund."""

    reference = forms.CharField(max_length=60, widget=forms.HiddenInput)
    amount = DollarsField(help_text="USD, such as 8.63; spent credits too")
    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget)


class GivingBackAdmin(ReadOnlyAdmin):
    """Where staff gives back of one payment, named by its PaymentIntent."""

    def get_urls(self) -> list[URLPattern]:
        """Add the page to the list's own."""
        give = self.admin_site.admin_view(self.give)
        return [path("give/<str:intent_id>/", give, name="billing_refund_give"), *super().get_urls()]

    def give(self, request: HttpRequest, intent_id: str) -> HttpResponse:
        """Show who bears what of an amount; a POST that confirms it gives it back."""
        if not request.user.has_perm("billing.add_refund"):
            raise PermissionDenied
        bought = purchases.paid_by(intent_id=intent_id)
        if bought is None:
            raise Http404
        if isinstance(bought, InvoicePayment):
            messages.error(request, "Of an invoice a credit note gives back, with the next one.")
            return redirect("admin:billing_invoice_change", bought.invoice_id)
        payment = settling.paid(bought=bought, now=clock.now())
        standing = queries.standing(payment=payment, now=clock.now())
        first = f"{(standing.refundable_cents or standing.left_cents) / 100:.2f}"
        asked = {"amount": request.GET.get("amount", first), "reference": ids.new("act_")}
        form = RefundForm(request.POST or None, initial=asked)
        if request.method == "POST" and form.is_valid() and _given(request, payment, form):
            return redirect(_place(bought), bought.pk)
        context = {
            **self.admin_site.each_context(request),
            **_preview(payment, request.POST.get("amount", asked["amount"])),
            "title": "Refund a payment",
            "opts": self.model._meta,
            "customer": purchases.payer(purchase=bought),
            "bought": bought,
            "place": _place(bought),
            "standing": standing,
            "refunds": queries.of_payment(intent_id=intent_id),
            "form": form,
        }
        return TemplateResponse(request, "admin/billing/refund.html", context)


def _place(bought: Bought) -> str:
    return f"admin:billing_{bought._meta.model_name}_change"


def _preview(payment: Payment, text: str) -> dict[str, Any]:
    try:
        amount_cents = DollarsField().clean(text)
    except forms.ValidationError:
        return {}
    if amount_cents <= 0:
        return {}
    fee = clawed_fees.if_refunded(purchase=payment.intent_id, amount_cents=amount_cents)
    return {
        "preview": refunds.preview(payment=payment, amount_cents=amount_cents, now=clock.now()),
        "fee": fee,
        "bearers": pulls.bearers(parts=fee.pulls),
    }


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
