"""People and keys for the operator. Secrets are shown once, by a message, after a key is made."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm

from accounts import customers, keys
from accounts.forms import AnyKeyForm
from accounts.models import ApiKey, Customer, Membership, User
from config.kit import clock

admin.site.unregister(Group)  # permissions are staff or superuser here


class NewUserForm(BaseUserCreationForm[User]):
    """Django's form, with the e-mail address as the name."""

    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        """Keep addresses in lower case, as the database demands."""
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], ModelAdmin):
    """People who sign in."""

    form, add_form, change_password_form = UserChangeForm, NewUserForm, AdminPasswordChangeForm
    list_display = ("email", "public_id", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "public_id", "first_name", "last_name")
    ordering = ("-id",)
    readonly_fields = ("public_id", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password", "public_id")}),
        ("Name", {"fields": ("first_name", "last_name")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)


class MembershipInline(TabularInline):
    """Who shares the wallet."""

    model = Membership
    extra = 0
    autocomplete_fields = ("user",)
    fields = ("user", "role", "created_at")
    readonly_fields = ("created_at",)


@admin.register(Customer)
class CustomerAdmin(ModelAdmin):
    """Who pays. Never deleted: the books name them."""

    list_display = ("name", "email", "public_id", "external_id", "created_at")
    search_fields = ("name", "email", "public_id", "external_id", "memberships__user__email")
    ordering = ("-id",)
    readonly_fields = ("public_id", "created_at")
    fields = ("name", "email", "external_id", "public_id", "created_at")
    inlines = (MembershipInline,)
    actions_row = ("look",)
    actions_detail = ("look",)

    @action(description="Customer page", url_path="look", permissions=["view"], icon="visibility")
    def look(self, _request: HttpRequest, object_id: int) -> HttpResponse:
        """Lead to all that is known of the customer."""
        customer = get_object_or_404(Customer, pk=object_id)
        # Served by the highest app: a name reaches up where an import may not.
        return redirect("payouts:staff_customer", customer.public_id)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:  # noqa: FBT001
        """Open new customers through the operation."""
        if change:
            super().save_model(request, obj, form, change)
            return
        opened = customers.open_customer(
            name=obj.name, email=obj.email, external_id=obj.external_id or None, now=clock.now()
        )
        obj.pk, obj.public_id, obj.created_at = opened.pk, opened.public_id, opened.created_at
        obj._state.adding = False  # noqa: SLF001  (the row is there)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        """Date new memberships by the server's clock."""
        for membership in formset.save(commit=False):
            membership.created_at = membership.created_at or clock.now()
            membership.save()
        for gone in formset.deleted_objects:
            gone.delete()


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Keys of every kind; router and service keys are made here."""

    list_display = ("name", "prefix", "kind_name", "customer", "state", "last_used_at", "created_at")
    list_filter = ("kind",)
    list_select_related = ("customer",)
    search_fields = (
        "name",
        "prefix",
        "public_id",
        "customer__name",
        "customer__email",
        "customer__public_id",
    )
    ordering = ("-id",)
    autocomplete_fields = ("customer",)
    form = AnyKeyForm
    actions = ("revoke",)

    @display(description="Kind", ordering="kind")
    def kind_name(self, key: ApiKey) -> str:
        """Name the kind without saying what it opens."""
        return key.kind.title()

    @display(description="State", label={"active": "success", "revoked": "danger", "expired": "warning"})
    def state(self, key: ApiKey) -> str:
        """Say whether the key works."""
        if key.revoked_at:
            return "revoked"
        return "expired" if key.expires_at and key.expires_at <= clock.now() else "active"

    @admin.action(description="Revoke the selected keys")
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        """Revoke keys for good."""
        count = sum(keys.revoke(key=key, now=clock.now()) for key in chosen)
        self.message_user(request, f"{count} keys revoked.", messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: FBT001
        """Issue the key and show its secret once."""
        issued = keys.issue(
            kind=obj.kind,
            name=obj.name,
            customer=obj.customer,
            expires_at=obj.expires_at,
            created_by=request.user if isinstance(request.user, User) else None,
            now=clock.now(),
        )
        obj.pk, obj.public_id, obj.prefix = issued.key.pk, issued.key.public_id, issued.key.prefix
        obj._state.adding = False  # noqa: SLF001
        self.message_user(
            request, f"Copy the key now, it is not shown again: {issued.secret}", messages.WARNING
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow the list and its actions, not editing."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what a key did names it."""
        return False
