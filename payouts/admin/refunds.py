"""Refunds for staff: what was given back, and who gave back of what creators earned at once."""

from typing import Final

from django.contrib import admin
from unfold.decorators import display

from billing.models import Refund, RefundStateChange
from payouts.admin import fee_bearers
from payouts.admin.giving_back import GivingBackAdmin
from payouts.queries import clawed_fees
from wallets import money
from wallets.admin.readonly import ReadOnlyInline
from wallets.templatetags.money import cents

COLOURS: Final = {
    "requested": "info",
    "sending": "info",
    "unknown": "warning",
    "refunded": "success",
    "failed": "danger",
}


class RefundStateChangeInline(ReadOnlyInline):
    model = RefundStateChange
    fields = ("changed_at", "from_state", "to_state", "reason")
    readonly_fields = fields
    ordering = ("id",)


@admin.register(Refund)
class RefundAdmin(GivingBackAdmin):
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
    readonly_fields = ("fees",)
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

    @display(description="a plan's fee above its credits")
    def fees(self, refund: Refund) -> str:
        """Say who gave back what of it."""
        return fee_bearers.table(plan=clawed_fees.borne(claw_id=refund.claw_id)) or "Nothing of one was paid."
