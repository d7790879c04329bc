"""How staff ask for an adjustment: they state the reason, see before and after, confirm."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts import audit
from accounts.models import User
from config.kit import clock, ids, reasons
from config.kit.errors import DomainError
from wallets import adjustments, queries
from wallets.admin.fields import CreditsField
from wallets.chart import CONSUMER
from wallets.models import Adjustment, Wallet
from wallets.templatetags.money import credits_text


class AdjustmentForm(forms.Form):
    """What staff says about an adjustment; `reference` makes a double click one adjustment."""

    amount = CreditsField(
        label="Credits to add (negative: to take)",
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )
    reason = forms.CharField(max_length=reasons.LENGTH_MAX, widget=UnfoldAdminTextareaWidget)
    reference = forms.CharField(max_length=40, widget=forms.HiddenInput)


def step(page: "ModelAdmin[Any]", request: HttpRequest, wallet: Wallet, *, owner: str) -> HttpResponse:
    """Ask, show before and after, and request it when that is confirmed."""
    if wallet.owner_type != Wallet.OwnerType.CONSUMER or wallet.kind != CONSUMER:
        messages.error(request, "Only consumers' wallets are adjusted here.")
        return redirect("admin:wallets_wallet_change", wallet.pk)
    form = AdjustmentForm(request.POST or None, initial={"reference": ids.new(ids.ADJUSTMENT)})
    confirmed = request.method == "POST" and request.POST.get("step") == "confirm"
    if confirmed and form.is_valid():
        made = _requested(request, wallet, form)
        if made:
            return redirect("admin:wallets_adjustment_change", made.pk)
    return TemplateResponse(
        request, "admin/wallets/adjust.html", _context(page, request, wallet, form) | {"owner": owner}
    )


def before_and_after(*, wallet: Wallet, change: int) -> dict[str, Any]:
    """Tell what an adjustment would make of a balance at this moment."""
    now = queries.balance(wallet=wallet, now=clock.now())
    return {
        "change": credits_text(change),
        "available_before": credits_text(now.available),
        "available_after": credits_text(now.available + change),
        "balance_before": credits_text(now.balance),
        "balance_after": credits_text(now.balance + change),
        "covered": change > 0 or now.available + change >= 0,
    }


def _requested(request: HttpRequest, wallet: Wallet, form: AdjustmentForm) -> Adjustment | None:
    if not request.user.has_perm("wallets.adjust_wallet"):
        raise PermissionDenied
    said = form.cleaned_data
    try:
        made = adjustments.request(
            wallet=wallet,
            amount=said["amount"],
            reason=said["reason"],
            reference=said["reference"],
            by=audit.staff(request=request),
            now=clock.now(),
        )
    except DomainError as error:
        form.add_error("amount", error.detail)
        return None
    text = credits_text(made.amount)
    if made.state == Adjustment.State.APPLIED:
        messages.success(request, f"Adjusted by {text} credits.")
    else:
        messages.warning(request, f"{text} credits are asked for. Another person must approve.")
    return made


def _context(
    page: "ModelAdmin[Any]", request: HttpRequest, wallet: Wallet, form: AdjustmentForm
) -> dict[str, Any]:
    assert isinstance(request.user, User)
    before = queries.balance(wallet=wallet, now=clock.now())
    preview = None
    if form.is_bound and form.is_valid():
        change = form.cleaned_data["amount"]
        alone = adjustments.alone_left(user=request.user, now=clock.now())
        preview = before_and_after(wallet=wallet, change=change) | {
            "reason": form.cleaned_data["reason"],
            "alone": abs(change) <= alone,
            "alone_left": credits_text(alone),
        }
    return {
        **page.admin_site.each_context(request),
        "title": "Adjust balance",
        "opts": page.model._meta,
        "wallet": wallet,
        "before": {"balance": credits_text(before.balance), "available": credits_text(before.available)},
        "form": form,
        "preview": preview,
    }
