"""Disputes, for staff: what waits for an answer, until when, and what is frozen meanwhile."""

import datetime as dt
from typing import Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from unfold.decorators import display

from billing.models import Dispute, DisputeStateChange
from billing.models.disputes import UNDER_WAY
from billing.operations import disputes
from billing.queries import disputed
from billing.stripe import links
from payouts.admin import fee_bearers
from payouts.queries import clawed_fees
from wallets.admin.links import link
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from wallets.models import FrozenLot
from wallets.templatetags.money import cents, credits_text

COLOURS: Final = {"inquiry": "info", "open": "danger", "won": "success", "lost": "warning"}


class DisputeStateChangeInline(ReadOnlyInline):
    model = DisputeStateChange
    fields = ("changed_at", "from_state", "to_state", "reason")
    readonly_fields = fields
    ordering = ("id",)


class UnansweredFilter(admin.SimpleListFilter):
    """Those that still wait for our evidence."""

    title = "to be answered"
    parameter_name = "unanswered"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Offer the one choice."""
        return [("yes", "Yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dispute]) -> QuerySet[Dispute]:
        """Leave out what is over, and what was answered."""
        if self.value() == "yes":
            return queryset.filter(state__in=UNDER_WAY, evidence_sent=False)
        return queryset


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    """Disputes, found by their id, payment or customer. Evidence is handed in at Stripe."""

    list_display = (
        *("stripe_id", "customer", "amount", "shown_state", "reason", "evidence_due", "evidence_sent"),
        *("frozen_credits", "disputed_at"),
    )
    list_select_related = ("customer",)
    list_filter = (UnansweredFilter, "state", "reason")
    search_fields = (
        *("stripe_id__exact", "payment_intent_id__exact", "charge_id__exact"),
        *("customer__public_id__exact", "customer__email", "customer__name"),
    )
    search_help_text = "dp_…, pi_…, ch_…, cst_…, name or e-mail"
    exclude = (
        "frozen",
        "claw",
        "amount_cents",
        "withdrawn_cents",
        "fee_cents",
        "top_up",
        "subscription",
        "invoice_payment",
    )
    readonly_fields = (
        *("payment", "amount", "withdrawn", "fee", "frozen_lots", "if_lost", "plan_fees", "at_stripe"),
    )
    ordering = ("-disputed_at", "-id")
    show_full_result_count = False
    inlines = (DisputeStateChangeInline,)
    actions = ("look_up",)

    @display(description="state", label=COLOURS, ordering="state")
    def shown_state(self, dispute: Dispute) -> str:
        """Show the state."""
        return dispute.state

    @display(description="amount", ordering="amount_cents")
    def amount(self, dispute: Dispute) -> str:
        """Show what is disputed."""
        return cents(dispute.amount_cents)

    @display(description="taken by Stripe")
    def withdrawn(self, dispute: Dispute) -> str:
        """Show what left our balance, the fee aside."""
        return cents(dispute.withdrawn_cents)

    @display(description="Stripe's fee")
    def fee(self, dispute: Dispute) -> str:
        """Show what the dispute costs, won or lost."""
        return cents(dispute.fee_cents)

    @display(description="frozen")
    def frozen_credits(self, dispute: Dispute) -> str:
        """Show the credits that are set aside now."""
        return credits_text(dispute.frozen) if dispute.state == Dispute.State.OPEN else ""

    @display(description="payment")
    def payment(self, dispute: Dispute) -> str:
        """Link to what was paid for."""
        if dispute.invoice_payment is not None:
            invoice = dispute.invoice_payment.invoice
            return link(
                url=reverse("admin:billing_invoice_change", args=[invoice.pk]), text=invoice.public_id
            )
        bought = dispute.top_up or dispute.subscription
        assert bought is not None
        page = f"admin:billing_{bought._meta.model_name}_change"
        return link(url=reverse(page, args=[bought.pk]), text=bought.public_id)

    @display(description="frozen of the purchase")
    def frozen_lots(self, dispute: Dispute) -> str:
        """List what was set aside of each lot, and what of it is back."""
        lots = FrozenLot.objects.filter(source_type="dispute", source_id=dispute.stripe_id, amount__gt=0)
        rows = lots.select_related("grant").order_by("id")
        lines = ((credits_text(row.amount), row.grant.funding_class, _until(row.thawed_at)) for row in rows)
        return format_html_join("", "<div>{} {} credits{}</div>", lines) or "Nothing was left of it."

    @display(description="if it is lost")
    def if_lost(self, dispute: Dispute) -> str:
        """Say who would bear what."""
        if dispute.state != Dispute.State.OPEN:
            return ""
        of_creators = sum(part.amount for part in disputed.earned(dispute=dispute, fees=False))
        return (
            f"The frozen {credits_text(dispute.frozen)} credits are taken back. What was spent of the purchase is taken"
            " from other paid credits of the customer, then owed by it. Creators earned"
            f" {credits_text(of_creators)} credits of what was spent: they give that back only where the customer's"
            " debt is written off. Stripe's fee stays with the platform."
        )

    @display(description="of a plan's fee above its credits, if it is lost")
    def plan_fees(self, dispute: Dispute) -> str:
        """Say who would give back what of it, or who did."""
        plan = clawed_fees.if_lost(dispute=dispute)
        return fee_bearers.table(plan=plan) or "Nothing of one was paid."

    @display(description="at Stripe")
    def at_stripe(self, dispute: Dispute) -> str:
        """Link to where evidence is handed in."""
        return link(url=links.page_of(stripe_id=dispute.stripe_id), text="Answer in Stripe's dashboard")

    @admin.action(description="Look it up at Stripe now")
    def look_up(self, request: HttpRequest, chosen: QuerySet[Dispute]) -> None:
        """Ask Stripe how they stand, as the sweeper does."""
        count = disputes.look_up(dispute_ids=[row.stripe_id for row in chosen])
        self.message_user(request, f"{count} disputes are being looked up.", messages.SUCCESS)


def _until(thawed_at: dt.datetime | None) -> str:
    return f", given back {thawed_at:%Y-%m-%d}" if thawed_at else ""
