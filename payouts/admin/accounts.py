"""Connected accounts, as dj-stripe synced them."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from unfold.decorators import action, display

from config.kit import clock
from config.kit.errors import DomainError
from payouts.admin import shown
from payouts.models import BankPayout, PayoutAccount
from payouts.operations import onboarding
from payouts.queries import why
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline


class BankPayoutInline(ReadOnlyInline):
    model = BankPayout
    fields = ("stripe_id", "usd", "status", "failure_code", "created_at")
    readonly_fields = fields
    ordering = ("-id",)

    @admin.display(description="amount")
    def usd(self, bank_payout: BankPayout) -> str:
        """Show the dollars."""
        return shown.dollars(bank_payout.amount_cents)


@admin.register(PayoutAccount)
class PayoutAccountAdmin(ReadOnlyAdmin):
    """Who can be paid, and what Stripe still asks for."""

    list_display = (
        "stripe_account_id",
        "creator_page",
        "payable_label",
        "transfers",
        "disabled_reason",
        "requirements_deadline",
        "ended",
        "synced_at",
    )
    list_select_related = ("creator",)
    list_filter = ("payouts_enabled", "transfers", "ended", "country")
    search_fields = ("stripe_account_id__exact", "creator__display_name", "creator__customer__email")
    ordering = ("-id",)
    inlines = (BankPayoutInline,)
    actions_detail = ("read_again",)
    readonly_fields = ("creator_page", "why_not_paid")
    exclude = ("creator",)

    @admin.display(description="creator", ordering="creator__display_name")
    def creator_page(self, account: PayoutAccount) -> str:
        """Link to the creator."""
        return shown.creator_link(account.creator)

    @admin.display(description="why not paid")
    def why_not_paid(self, account: PayoutAccount) -> str:
        """List what the creator's page lists."""
        return shown.reasons(why.not_paid(creator=account.creator, now=clock.now()))

    @display(description="state", label={"can be paid": "success", "blocked": "danger"})
    def payable_label(self, account: PayoutAccount) -> str:
        """Say whether transfers and bank payouts are on."""
        return "can be paid" if account.can_be_paid else "blocked"

    @action(description="Read from Stripe now", url_path="sync", permissions=["view"], icon="sync")
    def read_again(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Read the account from Stripe, should a webhook have been lost."""
        account = get_object_or_404(PayoutAccount, pk=object_id)
        try:
            onboarding.refresh(account_id=account.pk, now=clock.now())
        except DomainError as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, "Read from Stripe.")
        return redirect("admin:payouts_payoutaccount_change", object_id)
