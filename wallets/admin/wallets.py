from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, OuterRef, QuerySet, Subquery, Sum, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.models import Customer
from config.kit import clock, ids
from config.kit.errors import DomainError
from wallets import money, operations, queries
from wallets.admin.ledger import amount_of, balance_after
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from wallets.chart import CONSUMER
from wallets.models import CreditGrant, Entry, Hold, Wallet, WalletDebt


class AdjustmentForm(forms.Form):
    """What staff says about an adjustment; `reference` makes a double click one adjustment."""

    amount = forms.CharField(
        label="Credits to add (negative: to take)",
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )
    reason = forms.CharField(max_length=operations.REASON_LENGTH_MAX, widget=UnfoldAdminTextareaWidget)
    reference = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def clean_amount(self) -> int:
        """Read the credits as micros."""
        try:
            return money.parse(self.cleaned_data["amount"].replace(",", ""), field="Amount")
        except DomainError as error:
            raise forms.ValidationError(error.detail) from error


class GrantInline(ReadOnlyInline):
    model = CreditGrant
    fields = ("public_id", "funding_class", "left", "of", "expires_at", "source_id", "created_at")
    readonly_fields = fields
    ordering = ("-id",)

    def left(self, grant: CreditGrant) -> str:
        """Show what is left of the grant."""
        return money.text(grant.remaining)

    def of(self, grant: CreditGrant) -> str:
        """Show what was granted."""
        return money.text(grant.amount)


class DebtInline(ReadOnlyInline):
    model = WalletDebt
    fields = ("kind", "owed", "of", "paid_text", "billed_text", "created_at")
    readonly_fields = fields
    ordering = ("-id",)

    def owed(self, debt: WalletDebt) -> str:
        """Show what is still owed."""
        return money.text(debt.remaining)

    def of(self, debt: WalletDebt) -> str:
        """Show all that was burned below zero."""
        return money.text(debt.amount)

    @admin.display(description="paid")
    def paid_text(self, debt: WalletDebt) -> str:
        """Show what paid credits have paid."""
        return money.text(debt.paid)

    @admin.display(description="billed")
    def billed_text(self, debt: WalletDebt) -> str:
        """Show what invoices have taken over."""
        return money.text(debt.billed)


class HoldInline(ReadOnlyInline):
    model = Hold
    fields = ("public_id", "state", "credits", "source_id", "opened_at", "expires_at", "closed_at")
    readonly_fields = fields
    ordering = ("-id",)

    def credits(self, hold: Hold) -> str:
        """Show the credits held."""
        return money.text(hold.amount)


class EntryInline(ReadOnlyInline):
    model = Entry
    fields = ("transaction", amount_of, balance_after)
    readonly_fields = fields
    ordering = ("-id",)


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    """Wallets: found by their customer, looked at by grant, hold and entry, adjusted with a reason."""

    list_display = ("public_id", "owner", "kind", "unit", "balance_text", "held_text", "available_text")
    list_filter = ("owner_type", "kind", "unit")
    search_fields = ("public_id__exact",)
    search_help_text = "Wallet id, or the customer's e-mail, name, id or external id"
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (GrantInline, DebtInline, HoldInline, EntryInline)
    actions_detail = ("adjust",)
    exclude = ("balance", "held", "overdraft_limit", "arrears_allowance", "seq")
    readonly_fields = ("owner", "balance_text", "held_text", "available_text")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Wallet]:
        """Bring each wallet's owner and the sum of a platform wallet's entries along, in one query."""
        customer = Customer.objects.filter(pk=OuterRef("owner_id"))
        entries = Entry.objects.filter(wallet=OuterRef("pk")).order_by().values("wallet")
        total = Subquery(entries.values(total=Sum("amount")))
        wallets: QuerySet[Wallet] = super().get_queryset(request)
        return wallets.annotate(
            customer_name=Subquery(customer.values("name")),
            customer_email=Subquery(customer.values("email")),
            unsequenced=Case(When(owner_type=Wallet.OwnerType.PLATFORM, then=total)),
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Wallet], search_term: str
    ) -> tuple[QuerySet[Wallet], bool]:
        """Find wallets by their customer too."""
        found, distinct = super().get_search_results(request, queryset, search_term)
        if search_term:
            customers = Customer.objects.search(search_term)
            found |= queryset.filter(
                owner_type=Wallet.OwnerType.CONSUMER, owner_id__in=customers.values("pk")
            )
        return found, distinct

    def owner(self, wallet: Wallet) -> str:
        """Name who owns the wallet."""
        if wallet.owner_type != Wallet.OwnerType.CONSUMER:
            return f"{wallet.owner_type} {wallet.owner_id or ''}".strip()
        return f"{wallet.customer_name} · {wallet.customer_email}"  # type: ignore[attr-defined]

    @admin.display(description="balance", ordering="balance")
    def balance_text(self, wallet: Wallet) -> str:
        """Show the balance; a platform wallet's is the sum of its entries."""
        return money.text(_total(wallet))

    @admin.display(description="reserved", ordering="held")
    def held_text(self, wallet: Wallet) -> str:
        """Show what open holds have reserved."""
        return money.text(wallet.held)

    @admin.display(description="available")
    def available_text(self, wallet: Wallet) -> str:
        """Show what a new hold may take."""
        return money.text(_total(wallet) - wallet.held)

    @action(description="Adjust balance", url_path="adjust", permissions=["adjust"], icon="edit")
    def adjust(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Adjust a balance: state the reason, see before and after, confirm."""
        wallet = get_object_or_404(self.get_queryset(request), pk=object_id)
        if wallet.owner_type != Wallet.OwnerType.CONSUMER or wallet.kind != CONSUMER:
            messages.error(request, "Only consumers' wallets are adjusted here.")
            return redirect("admin:wallets_wallet_change", wallet.pk)
        form = AdjustmentForm(request.POST or None, initial={"reference": ids.new("adj_")})
        confirmed = request.POST.get("step") == "confirm"
        if (
            request.method == "POST"
            and form.is_valid()
            and confirmed
            and self._adjusted(request, wallet, form)
        ):
            return redirect("admin:wallets_wallet_change", wallet.pk)
        return TemplateResponse(
            request, "admin/wallets/adjust.html", self._adjust_context(request, wallet, form)
        )

    def has_adjust_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may adjust balances."""
        return request.user.has_perm("wallets.adjust_wallet")

    def _adjusted(self, request: HttpRequest, wallet: Wallet, form: AdjustmentForm) -> bool:
        if not self.has_adjust_permission(request):
            raise PermissionDenied
        data = form.cleaned_data
        try:
            operations.adjust(
                wallet=wallet,
                amount=data["amount"],
                reference=data["reference"],
                reason=data["reason"],
                actor=f"staff:{request.user.get_username()}",
                now=clock.now(),
            )
        except DomainError as error:
            form.add_error("amount", error.detail)
            return False
        messages.success(request, f"Adjusted by {money.text(data['amount'])} credits.")
        return True

    def _adjust_context(self, request: HttpRequest, wallet: Wallet, form: AdjustmentForm) -> dict[str, Any]:
        before = queries.balance(wallet=wallet, now=clock.now())
        preview = None
        if form.is_bound and form.is_valid():
            change = form.cleaned_data["amount"]
            preview = {
                "change": money.text(change),
                "available_before": money.text(before.available),
                "available_after": money.text(before.available + change),
                "balance_before": money.text(before.balance),
                "balance_after": money.text(before.balance + change),
                "covered": before.available + change >= 0,
                "reason": form.cleaned_data["reason"],
            }
        return {
            **self.admin_site.each_context(request),
            "title": "Adjust balance",
            "opts": self.model._meta,
            "wallet": wallet,
            "owner": self.owner(wallet),
            "before": {"balance": money.text(before.balance), "available": money.text(before.available)},
            "form": form,
            "preview": preview,
        }


def _total(wallet: Wallet) -> int:
    """A platform wallet's balance is the sum of its entries, which get_queryset has brought along."""
    return wallet.balance + (wallet.unsequenced or 0)  # type: ignore[attr-defined]
