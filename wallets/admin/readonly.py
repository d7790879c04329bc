from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline


class ReadOnly:
    """Nobody adds, changes or deletes what the ledger wrote, superusers included."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: rows come from the ledger."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a mistake is mended by another transaction."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: nothing is ever deleted."""
        return False


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    """A list and a page to look at."""

    compressed_fields = True


class ReadOnlyInline(ReadOnly, TabularInline):
    """Rows of another table to look at on its owner's page."""

    extra = 0
    can_delete = False
    per_page = 20
    ordering: tuple[str, ...] = ("id",)
    tab = True
