"""Top-ups, subscriptions, Stripe's own lines and what was quarantined, for staff."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.decorators import display

from accounts import audit
from billing.admin.refunds import RefundingAdmin
from billing.models import (
    BalanceTransaction,
    QuarantinedEvent,
    Subscription,
    SubscriptionPeriod,
    SubscriptionStateChange,
    TopUp,
    TopUpStateChange,
    Trial,
)
from billing.operations import payments, quarantine
from config.kit import clock
from wallets import money
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from wallets.templatetags.money import cents

COLOURS = {
    "pending": "info",
    "paid": "success",
    "failed": "danger",
    "expired": "warning",
    "refunded": "warning",
}
STATE_COLOURS = {"incomplete": "info", "active": "success", "past_due": "danger", "paused": "warning"}


class TopUpStateChangeInline(ReadOnlyInline):
    model = TopUpStateChange
    fields = ("changed_at", "from_status", "to_status", "reason")
    readonly_fields = fields
    ordering = ("id",)


@admin.register(TopUp)
class TopUpAdmin(RefundingAdmin):
    """Top-ups, found by customer, session, PaymentIntent or charge."""

    list_display = ("public_id", "customer", "amount", "credits", "state", "created_at", "paid_at")
    list_select_related = ("customer",)
    list_filter = ("status", "package")
    search_fields = (
        *("public_id__exact", "stripe_session_id__exact", "payment_intent_id__exact", "charge_id__exact"),
        *("customer__public_id__exact", "customer__email", "customer__name"),
    )
    search_help_text = "top_…, cs_…, pi_…, ch_…, cst_…, name or e-mail"
    exclude = ("fingerprint", "checkout_url", "success_url", "cancel_url", "idempotency_key")
    in_credits = ("paid_credits", "bonus_credits")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (TopUpStateChangeInline,)
    actions = ("look_up",)
    actions_detail = ("refund",)

    @display(description="status", label=COLOURS, ordering="status")
    def state(self, top_up: TopUp) -> str:
        """Show the status."""
        return top_up.status

    @display(description="amount", ordering="amount_cents")
    def amount(self, top_up: TopUp) -> str:
        """Show the price."""
        return cents(top_up.amount_cents)

    @display(description="credits")
    def credits(self, top_up: TopUp) -> str:
        """Show what it brings."""
        return money.text(top_up.total_credits)

    @admin.action(description="Look the checkout up at Stripe now")
    def look_up(self, request: HttpRequest, chosen: QuerySet[TopUp]) -> None:
        """Ask Stripe how they stand, as the sweeper does."""
        _look_up(self, request, chosen)


class SubscriptionPeriodInline(ReadOnlyInline):
    model = SubscriptionPeriod
    fields = (
        *("number", "tier", "quantity", "starts_at", "ends_at", "amount_cents", "payment_intent_id"),
        *("granted_at", "closed_at"),
    )
    readonly_fields = fields
    ordering = ("id",)


class TrialInline(ReadOnlyInline):
    model = Trial
    fields = ("plan", "started_at", "ends_at", "told_at")
    readonly_fields = fields


class SubscriptionStateChangeInline(ReadOnlyInline):
    model = SubscriptionStateChange
    fields = ("changed_at", "from_state", "to_state", "reason")
    readonly_fields = fields
    ordering = ("id",)


@admin.register(Subscription)
class SubscriptionAdmin(RefundingAdmin):
    """Subscriptions, to creators' tiers and (without an agent) to the platform's plans."""

    list_display = ("public_id", "customer", "agent", "tier", "quantity", "shown_state", "current_period_end")
    list_select_related = ("customer", "agent", "tier")
    list_filter = ("state",)
    search_fields = (
        *("public_id__exact", "stripe_session_id__exact", "payment_intent_id__exact"),
        *("customer__public_id__exact", "customer__email", "agent__slug"),
    )
    search_help_text = "sbs_…, cs_…, pi_…, cst_…, e-mail or agent"
    exclude = ("fingerprint", "checkout_url", "success_url", "cancel_url", "idempotency_key")
    in_credits = ("credits",)
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (SubscriptionPeriodInline, TrialInline, SubscriptionStateChangeInline)
    actions = ("look_up",)
    actions_detail = ("refund",)

    @display(description="state", label=STATE_COLOURS, ordering="state")
    def shown_state(self, subscription: Subscription) -> str:
        """Show the state."""
        return subscription.state

    @admin.action(description="Look the checkout up at Stripe now")
    def look_up(self, request: HttpRequest, chosen: QuerySet[Subscription]) -> None:
        """Ask Stripe how they stand, as the sweeper does."""
        _look_up(self, request, chosen)


@admin.register(BalanceTransaction)
class BalanceTransactionAdmin(ReadOnlyAdmin):
    """Stripe's own account of our money, line by line."""

    list_display = ("stripe_id", "type", "source_id", "amount", "fee", "net", "created_at", "available_on")
    list_filter = ("type",)
    search_fields = ("stripe_id__exact", "source_id__exact")
    search_help_text = "txn_…, ch_…, tr_…, re_…"
    ordering = ("-created_at",)
    show_full_result_count = False

    @display(description="amount", ordering="amount_cents")
    def amount(self, line: BalanceTransaction) -> str:
        """Show the gross amount."""
        return cents(line.amount_cents)

    @display(description="fee", ordering="fee_cents")
    def fee(self, line: BalanceTransaction) -> str:
        """Show Stripe's fee."""
        return cents(line.fee_cents)

    @display(description="net", ordering="net_cents")
    def net(self, line: BalanceTransaction) -> str:
        """Show what it changed."""
        return cents(line.net_cents)


@admin.register(QuarantinedEvent)
class QuarantinedEventAdmin(ReadOnlyAdmin):
    """What we could not take in. Somebody looks, mends, and marks it resolved."""

    list_display = ("stripe_id", "type", "outcome", "reason", "attempts", "last_at", "resolved_by")
    list_filter = (("resolved_at", admin.EmptyFieldListFilter), "type")
    search_fields = ("stripe_id__exact", "type", "reason")
    exclude = ("body",)
    readonly_fields = ("payload",)
    ordering = ("-last_at",)
    actions = ("resolve",)

    @display(description="state", label={"open": "danger", "retrying": "warning", "resolved": "success"})
    def outcome(self, event: QuarantinedEvent) -> str:
        """Say whether somebody must act."""
        if event.resolved_at:
            return "resolved"
        return "open" if event.quarantined_at else "retrying"

    @display(description="payload")
    def payload(self, event: QuarantinedEvent) -> str:
        """Show what came."""
        return format_html("<pre>{}</pre>", bytes(event.body).decode("utf-8", "replace"))

    @admin.action(description="Mark as resolved")
    def resolve(self, request: HttpRequest, chosen: QuerySet[QuarantinedEvent]) -> None:
        """Mark what somebody has looked into."""
        count = quarantine.resolve(
            ids=[event.pk for event in chosen],
            actor=audit.staff(request=request).actor,
            now=clock.now(),
        )
        self.message_user(request, f"{count} marked as resolved.", messages.SUCCESS)


def _look_up(page: "ReadOnlyAdmin", request: HttpRequest, chosen: QuerySet[Any]) -> None:
    count = payments.look_up(session_ids=[row.stripe_session_id for row in chosen if row.stripe_session_id])
    page.message_user(request, f"{count} checkouts are being looked up.", messages.SUCCESS)
