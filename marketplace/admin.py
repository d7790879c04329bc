"""What staff see of the market: agents to suspend, packages to sell, versions to read."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from unfold.admin import ModelAdmin
from unfold.decorators import action

from accounts.models import User
from config.kit import clock
from config.kit.errors import DomainError
from marketplace import listings, packages
from marketplace.models import (
    Agent,
    AgentStatusChange,
    Creator,
    CreditPackage,
    ModelRate,
    PlanVersion,
    Price,
    RateAlert,
    SplitShare,
    SubscriptionTier,
)
from marketplace.queries import rate_cards
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline


class StatusChanges(ReadOnlyInline):
    """What has become of an agent."""

    model = AgentStatusChange
    fields = ("changed_at", "old_status", "new_status", "actor", "reason")
    ordering = ("-id",)


class AgentForm(forms.ModelForm[Agent]):
    """What staff decide about an agent: how much its creators may have."""

    class Meta:
        model = Agent
        fields = ("creator_share_bp", "premium")

    def clean_creator_share_bp(self) -> int | None:
        """Refuse a share at which a package on sale loses money."""
        share: int | None = self.cleaned_data["creator_share_bp"]
        if share is not None:
            _checked(packages.check_share, share_bp=share)
        return share


@admin.register(Agent)
class AgentAdmin(ModelAdmin):
    """Agents: suspend, reinstate, change the share that their creators may have."""

    form = AgentForm
    list_display = ("name", "slug", "creator", "category", "status", "created_at")
    list_filter = ("status", "category")
    list_select_related = ("creator",)
    search_fields = ("name", "slug", "public_id", "creator__display_name")
    ordering = ("-id",)
    readonly_fields = (
        "public_id",
        "name",
        "slug",
        "creator",
        "status",
        "summary",
        "outcome_policy",
        "created_at",
    )
    fields = (*readonly_fields, "creator_share_bp", "premium")
    inlines = (StatusChanges,)
    actions = ("suspend", "reinstate")

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Refuse: creators write their agents."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Refuse: runs point at agents for ever."""
        return False

    @admin.action(description="Suspend: take no new runs")
    def suspend(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        """Suspend published agents."""
        for agent in queryset:
            _told(request, f"{agent} is suspended.", listings.suspend, agent=agent)

    @admin.action(description="Reinstate: take runs again")
    def reinstate(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        """Reinstate suspended agents."""
        for agent in queryset:
            _told(request, f"{agent} takes runs again.", listings.reinstate, agent=agent)


@admin.register(Creator)
class CreatorAdmin(ReadOnlyAdmin):
    """Who publishes agents."""

    list_display = ("display_name", "public_id", "customer", "created_at")
    list_select_related = ("customer",)
    search_fields = ("display_name", "slug", "public_id", "customer__email", "customer__name")
    ordering = ("-id",)
    actions_row = ("look",)
    actions_detail = ("look",)

    @action(description="Creator page", url_path="look", permissions=["view"], icon="visibility")
    def look(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """Lead to all that is known of the creator."""
        creator = get_object_or_404(Creator, pk=object_id)
        # Served by the highest app: a name reaches up where an import may not.
        return redirect("payouts:staff_creator", creator.public_id)


class Prices(ReadOnlyInline):
    """The price components of a version."""

    model = Price


class Shares(ReadOnlyInline):
    """Who has which part of a charge."""

    model = SplitShare


class Tiers(ReadOnlyInline):
    """The subscription tiers of a version."""

    model = SubscriptionTier


@admin.register(PlanVersion)
class PlanVersionAdmin(ReadOnlyAdmin):
    """Published prices; they never change."""

    list_display = ("plan", "number", "pricing_model", "effective_from", "created_by", "public_id")
    list_filter = ("pricing_model",)
    list_select_related = ("plan",)
    search_fields = ("public_id", "plan__name", "plan__agent__slug")
    in_credits = ("default_hold", "minimum", "quantum")
    ordering = ("-id",)
    inlines = (Prices, Shares, Tiers)


class MarginFilter(admin.SimpleListFilter):
    """Rates in force that lose money."""

    title = "margin"
    parameter_name = "margin"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        """Name what may be chosen."""
        return [("loses", "In force, and costs more than is charged")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[ModelRate]) -> QuerySet[ModelRate]:
        """Keep those."""
        if self.value() != "loses":
            return queryset
        return queryset.filter(pk__in=rate_cards.losing(at=clock.now()).values("pk"))


class Alerts(ReadOnlyInline):
    """When staff were told that a rate loses."""

    model = RateAlert
    fields = ("day", "told_at")
    ordering = ("-id",)


@admin.register(ModelRate)
class ModelRateAdmin(ReadOnlyAdmin):
    """What models cost and are charged at, USD a million tokens; `manage.py import_rates` follows the providers."""

    list_display = (
        *("model", "provider", "token_class", "card", "cost", "charge", "margin"),
        *("effective_from", "source", "created_by"),
    )
    list_filter = (MarginFilter, "card", "provider", "token_class")
    list_select_related = ("card",)
    search_fields = ("model", "provider")
    ordering = ("-id",)
    inlines = (Alerts,)

    @admin.display(description="margin")
    def margin(self, rate: ModelRate) -> str:
        """Show what is left of a charge."""
        return rate.margin


class PackageForm(forms.ModelForm[CreditPackage]):
    """A package; none goes on sale that can lose money."""

    class Meta:
        model = CreditPackage
        fields = ("slug", "name", "price_cents", "bonus_bp", "active")

    def clean(self) -> dict[str, Any]:
        """Refuse a package whose credits could earn creators more than its payment leaves."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("active") and data.get("price_cents") is not None and data.get("bonus_bp") is not None:
            _checked(
                packages.check,
                price_cents=data["price_cents"],
                bonus_bp=data["bonus_bp"],
                share_bp=packages.top_share_bp(),
            )
        return data


@admin.register(CreditPackage)
class CreditPackageAdmin(ModelAdmin):
    """Credits for sale, with their bonus."""

    form = PackageForm
    list_display = ("name", "slug", "price_cents", "bonus_bp", "active")
    ordering = ("price_cents", "slug")


def _checked(check: Any, **arguments: int) -> None:
    try:
        check(**arguments)
    except DomainError as refusal:
        raise forms.ValidationError(refusal.detail) from refusal


def _told(request: HttpRequest, done: str, operation: Any, *, agent: Agent) -> None:
    assert isinstance(request.user, User)
    actor = f"user:{request.user.public_id}"
    try:
        operation(agent=agent, actor=actor, reason="by staff", now=clock.now())
    except DomainError as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, done)
