"""Vouchers and gifts for staff: make and stop a code, give a customer promotional credits."""

import datetime as dt
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from accounts import queries as accounts
from accounts.models import Customer, User
from billing.models import PromoGrant, Voucher, VoucherUse
from billing.operations import promotions, vouchers
from billing.operations.vouchers import Offer
from config.kit import clock, ids
from config.kit.errors import DomainError
from wallets import money
from wallets.admin.fields import CreditsField
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline

STEP: Final = "admin/billing/voucher_step.html"
USES_MAX: Final = 1_000_000_000
# The day after it can still be named.
LAST_MAX: Final = MaxValueValidator(dt.date(9999, 12, 30))


class CreditsForm(forms.Form):
    """How many credits, until when."""

    credits = CreditsField()


class VoucherForm(CreditsForm):
    """What a new voucher gives, to whom, when."""

    name = forms.CharField(
        max_length=80,
        widget=UnfoldAdminTextInputWidget,
        help_text="What staff call it, such as the campaign; customers read it in their wallet.",
    )
    code = forms.CharField(max_length=60, widget=UnfoldAdminTextInputWidget, help_text="Shown only now.")
    uses_max = forms.IntegerField(
        label="Uses in all", min_value=1, max_value=USES_MAX, widget=UnfoldAdminIntegerFieldWidget
    )
    per_customer = forms.IntegerField(
        label="Uses by one customer",
        min_value=1,
        max_value=1_000,
        initial=1,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    starts = forms.DateField(widget=UnfoldAdminSingleDateWidget, help_text="Midnight, UTC.")
    last = forms.DateField(label="Last day", widget=UnfoldAdminSingleDateWidget, validators=[LAST_MAX])
    credits_days = forms.IntegerField(
        label="Credits are good for days",
        required=False,
        min_value=1,
        max_value=3_650,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Empty: they do not expire.",
    )

    def offer(self) -> Offer:
        """Give what was said."""
        said = self.cleaned_data
        return Offer(
            name=said["name"],
            amount=said["credits"],
            uses_max=said["uses_max"],
            per_customer=said["per_customer"],
            starts_at=_midnight(said["starts"]),
            ends_at=_midnight(said["last"]) + dt.timedelta(days=1),
            credits_days=said["credits_days"],
        )


class GiftForm(CreditsForm):
    """To whom, how much and why."""

    customer = forms.CharField(widget=UnfoldAdminTextInputWidget, help_text="cst_… or external id")
    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget)
    last = forms.DateField(
        label="Last day of the credits",
        required=False,
        widget=UnfoldAdminSingleDateWidget,
        validators=[LAST_MAX],
        help_text="Empty: they do not expire.",
    )
    reference = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def clean_customer(self) -> Customer:
        """Find the customer."""
        try:
            return accounts.customer(reference=self.cleaned_data["customer"].strip())
        except DomainError as refusal:
            raise forms.ValidationError(refusal.detail) from refusal


class UseInline(ReadOnlyInline):
    model = VoucherUse
    fields = ("customer", "number", "used_at", "actor")
    readonly_fields = fields
    ordering = ("-id",)


@admin.register(Voucher)
class VoucherAdmin(ReadOnlyAdmin):
    """Codes that give credits."""

    list_display = ("name", "code", "credits", "used", "starts_at", "ends_at", "stopped_at")
    search_fields = ("name", "used__customer__public_id__exact", "used__customer__email")
    ordering = ("-id",)
    in_credits = ("amount",)
    inlines = (UseInline,)
    actions_list = ("make",)
    actions_detail = ("stop",)

    @display(description="code")
    def code(self, voucher: Voucher) -> str:
        """Show the end of it: the rest is not kept."""
        return f"…{voucher.hint}"

    @display(description="credits")
    def credits(self, voucher: Voucher) -> str:
        """Show what a use gives."""
        return money.text(voucher.amount)

    @display(description="used")
    def used(self, voucher: Voucher) -> str:
        """Show how often it was used."""
        return f"{voucher.uses} of {voucher.uses_max}"

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may make and stop vouchers."""
        return request.user.has_perm("billing.change_voucher")

    @action(description="Make a voucher", url_path="make", permissions=["manage"], icon="add")
    def make(self, request: HttpRequest) -> HttpResponse:
        """Make one; its code is shown this once."""
        if not self.has_manage_permission(request):
            raise PermissionDenied
        now = clock.now()
        form = VoucherForm(request.POST or None, initial={"code": vouchers.new_code(), "starts": now.date()})
        if request.method == "POST" and form.is_valid():
            try:
                made = vouchers.make(
                    code=form.cleaned_data["code"], offer=form.offer(), created_by=_staff(request), now=now
                )
            except DomainError as refusal:
                form.add_error("code", refusal.detail)
            else:
                messages.success(
                    request, f"Customers redeem it as {form.cleaned_data['code']}. Note it: it is not kept."
                )
                return redirect("admin:billing_voucher_change", made.pk)
        return _step(self, request, form, "Make a voucher")

    @action(description="Stop: take it no more", url_path="stop", permissions=["manage"], icon="block")
    def stop(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Stop one; what it has given stays."""
        if not self.has_manage_permission(request):
            raise PermissionDenied
        voucher = get_object_or_404(Voucher, pk=object_id)
        if request.method != "POST":
            return _step(self, request, forms.Form(), f"Stop {voucher}")
        try:
            vouchers.stop(voucher=voucher, stopped_by=_staff(request), now=clock.now())
        except DomainError as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, f"{voucher} is taken no more.")
        return redirect("admin:billing_voucher_change", voucher.pk)


@admin.register(PromoGrant)
class PromoGrantAdmin(ReadOnlyAdmin):
    """Credits that staff gave to single customers."""

    list_display = ("customer", "credits", "reason", "expires_at", "given_by", "given_at")
    list_select_related = ("customer", "given_by")
    search_fields = ("customer__public_id__exact", "customer__email", "customer__name", "given_by__email")
    ordering = ("-id",)
    in_credits = ("amount",)
    actions_list = ("give",)

    @display(description="credits")
    def credits(self, given: PromoGrant) -> str:
        """Show how many."""
        return money.text(given.amount)

    def has_give_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may give credits away."""
        return request.user.has_perm("billing.add_promogrant")

    @action(description="Give credits", url_path="give", permissions=["give"], icon="redeem")
    def give(self, request: HttpRequest) -> HttpResponse:
        """Give a customer promotional credits."""
        if not self.has_give_permission(request):
            raise PermissionDenied
        form = GiftForm(request.POST or None, initial={"reference": ids.new("gft_")})
        if request.method == "POST" and form.is_valid() and _given(request, form):
            return redirect("admin:billing_promogrant_changelist")
        return _step(self, request, form, "Give credits")


def _given(request: HttpRequest, form: GiftForm) -> bool:
    said = form.cleaned_data
    try:
        promotions.give(
            customer=said["customer"],
            amount=said["credits"],
            reason=said["reason"],
            given_by=_staff(request),
            reference=said["reference"],
            now=clock.now(),
            expires_at=_midnight(said["last"]) + dt.timedelta(days=1) if said["last"] else None,
        )
    except DomainError as refusal:
        form.add_error("credits", refusal.detail)
        return False
    messages.success(request, f"{said['customer']} has {money.text(said['credits'])} credits more.")
    return True


def _step(page: ReadOnlyAdmin, request: HttpRequest, form: forms.Form, title: str) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "title": title,
        "opts": page.model._meta,
        "form": form,
    }
    return TemplateResponse(request, STEP, context)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


def _staff(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
