"""On which terms creators are paid: staff set the tier, the creator its schedule and minimum."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts import audit
from config.kit import clock
from marketplace.models import Creator
from payouts.admin import shown
from payouts.models import CreatorTerms, CreatorTermsChange, RiskTier
from payouts.operations import terms
from payouts.queries import why
from wallets.admin.readonly import ReadOnly, ReadOnlyAdmin


class TierForm(forms.ModelForm[CreatorTerms]):
    """Which creator moves to which tier, and why."""

    creator = forms.ModelChoiceField(Creator.objects.order_by("display_name"), widget=UnfoldAdminSelectWidget)
    tier = forms.ModelChoiceField(RiskTier.objects.order_by("window_days"), widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget)

    class Meta:
        model = CreatorTerms
        fields = ("creator", "tier")

    def validate_unique(self) -> None:
        """Allow a creator that has terms: they are changed."""


@admin.register(CreatorTerms)
class CreatorTermsAdmin(ReadOnly, ModelAdmin):
    """The terms of those that have their own, why each is not paid at the moment; adding moves a creator."""

    form = TierForm
    compressed_fields = True
    list_display = ("creator_page", "schedule", "tier", "minimum", "since")
    list_select_related = ("creator", "tier")
    list_filter = ("tier", "schedule")
    search_fields = ("creator__display_name", "creator__public_id__exact", "creator__customer__email")
    ordering = ("-since",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether this member of staff may set tiers."""
        return request.user.has_perm("payouts.set_tier")

    def get_fields(self, _request: HttpRequest, obj: CreatorTerms | None = None) -> tuple[str, ...]:
        """Show what stands, or ask for the move."""
        if obj is None:
            return ("creator", "tier", "reason")
        return ("creator_page", "tier", "schedule", "minimum", "since", "why_not_paid", "history")

    def get_readonly_fields(self, _request: HttpRequest, obj: CreatorTerms | None = None) -> tuple[str, ...]:
        """Let nothing that stands be edited."""
        return () if obj is None else self.get_fields(_request, obj)

    def save_model(self, request: HttpRequest, obj: CreatorTerms, form: Any, change: bool) -> None:  # noqa: FBT001
        """Move the creator to the tier."""
        staff, reason = audit.staff(request=request), form.cleaned_data["reason"]
        moved = terms.set_tier(
            creator=obj.creator, tier=obj.tier, actor=staff.actor, reason=reason, now=clock.now()
        )
        obj.pk = moved.pk
        audit.record(
            actor=staff.actor,
            act="payouts.set_tier",
            object_id=obj.creator.public_id,
            reason=f"{obj.tier}: {reason}",
            address=staff.address,
            now=clock.now(),
        )
        messages.info(request, "It holds from the next payout on.")

    @admin.display(description="creator", ordering="creator__display_name")
    def creator_page(self, row: CreatorTerms) -> str:
        """Link to the creator."""
        return shown.creator_link(row.creator)

    @admin.display(description="own minimum", ordering="minimum_cents")
    def minimum(self, row: CreatorTerms) -> str:
        """Show the creator's own minimum."""
        return shown.dollars(row.minimum_cents) if row.minimum_cents else "the platform's"

    @admin.display(description="why not paid")
    def why_not_paid(self, row: CreatorTerms) -> str:
        """List what the creator's page lists."""
        return shown.reasons(why.not_paid(creator=row.creator, now=clock.now()))

    def history(self, row: CreatorTerms) -> str:
        """Tell the changes, newest first."""
        changes = (
            CreatorTermsChange.objects.filter(creator=row.creator).select_related("tier").order_by("-id")
        )
        return shown.listed(f"{at.at:%Y-%m-%d %H:%M} {at}, {at.actor} {at.reason}".strip() for at in changes)


@admin.register(RiskTier)
class RiskTierAdmin(ReadOnlyAdmin):
    """The tiers: windows and reserves."""

    list_display = ("slug", "window_days", "reserve", "reserve_days")
    ordering = ("window_days",)

    @display(description="reserve", ordering="reserve_bp")
    def reserve(self, tier: RiskTier) -> str:
        """Show the part that is held back."""
        return f"{Decimal(tier.reserve_bp) / 100:f} %" if tier.reserve_bp else "none"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether this member of staff may add a tier; none is ever changed."""
        return request.user.has_perm("payouts.set_tier")
