from typing import Any

from django.contrib import admin
from django.db.models import Case, OuterRef, QuerySet, Subquery, Sum, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from unfold.decorators import action

from accounts.models import Customer
from wallets.admin import adjusting
from wallets.admin.ledger import amount_of, balance_after
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from wallets.models import CreditGrant, Entry, Hold, Wallet, WalletDebt
from wallets.templatetags.money import credits_text


class GrantInline(ReadOnlyInline):
    model = CreditGrant
    fields = ("public_id", "funding_class", "left", "of", "expires_at", "source_id", "created_at")
    readonly_fields = fields
    ordering = ("-id",)

    def left(self, grant: CreditGrant) -> str:
        """Show what is left of the grant."""
        return credits_text(grant.remaining)

    def of(self, grant: CreditGrant) -> str:
        """Show what was granted."""
        return credits_text(grant.amount)


class DebtInline(ReadOnlyInline):
    model = WalletDebt
    fields = ("kind", "owed", "of", "paid_text", "billed_text", "created_at")
    readonly_fields = fields
    ordering = ("-id",)

    def owed(self, debt: WalletDebt) -> str:
        """Show what is still owed."""
        return credits_text(debt.remaining)

    def of(self, debt: WalletDebt) -> str:
        """Show all that was burned below zero."""
        return credits_text(debt.amount)

    @admin.display(description="paid")
    def paid_text(self, debt: WalletDebt) -> str:
        """Show what paid credits have paid."""
        return credits_text(debt.paid)

    @admin.display(description="billed")
    def billed_text(self, debt: WalletDebt) -> str:
        """Show what invoices have taken over."""
        return credits_text(debt.billed)


class HoldInline(ReadOnlyInline):
    model = Hold
    fields = ("public_id", "state", "credits", "source_id", "opened_at", "expires_at", "closed_at")
    readonly_fields = fields
    ordering = ("-id",)

    def credits(self, hold: Hold) -> str:
        """Show the credits held."""
        return credits_text(hold.amount)


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
        return credits_text(_total(wallet))

    @admin.display(description="reserved", ordering="held")
    def held_text(self, wallet: Wallet) -> str:
        """Show what open holds have reserved."""
        return credits_text(wallet.held)

    @admin.display(description="available")
    def available_text(self, wallet: Wallet) -> str:
        """Show what a new hold may take."""
        return credits_text(_total(wallet) - wallet.held)

    @action(description="Adjust balance", url_path="adjust", permissions=["adjust"], icon="edit")
    def adjust(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Adjust a balance: state the reason, see before and after, confirm."""
        wallet = get_object_or_404(self.get_queryset(request), pk=object_id)
        return adjusting.step(self, request, wallet, owner=self.owner(wallet))

    def has_adjust_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may adjust balances."""
        return request.user.has_perm("wallets.adjust_wallet")


def _total(wallet: Wallet) -> int:
    """A platform wallet's balance is the sum of its entries, which get_queryset has brought along."""
    return wallet.balance + (wallet.unsequenced or 0)  # type: ignore[attr-defined]
