from django.contrib import admin

from accounts.models import AuditEntry
from wallets.admin.readonly import ReadOnlyAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """What staff did, newest first; nobody edits it."""

    list_display = ("when", "actor", "act", "object_id", "reason", "address")
    list_filter = ("act", "actor", "address")
    search_fields = ("actor", "object_id__exact", "reason", "act")
    search_help_text = "Who, a public id, a word of the reason, or the act"
    date_hierarchy = "at"
    ordering = ("-id",)
    show_full_result_count = False

    @admin.display(description="at", ordering="id")
    def when(self, entry: AuditEntry) -> str:
        """Show the moment, UTC, on one line."""
        return f"{entry.at:%Y-%m-%d %H:%M:%S}".replace(" ", "\u00a0").replace("-", "\u2011")
