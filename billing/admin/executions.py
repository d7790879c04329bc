"""Runs for staff: found by their id, looked into."""

from django.contrib import admin
from unfold.decorators import display

from billing.models import Execution
from wallets import money
from wallets.admin.readonly import ReadOnlyAdmin

COLOURS = {"settled": "success", "unbilled": "danger", "expired": "warning"}


@admin.register(Execution)
class ExecutionAdmin(ReadOnlyAdmin):
    """Runs, found by id or customer."""

    list_display = ("public_id", "customer", "agent", "shown_state", "charge", "opened_at", "closed_at")
    list_select_related = ("customer", "agent")
    list_filter = ("state", "source")
    search_fields = ("public_id__exact", "customer__public_id__exact", "agent__slug__exact")
    search_help_text = "exe_…, cst_… or an agent's short name"
    exclude = ("fingerprint", "settle_fingerprint")
    ordering = ("-id",)
    show_full_result_count = False

    @display(description="state", label=COLOURS, ordering="state")
    def shown_state(self, execution: Execution) -> str:
        """Show the state."""
        return execution.state

    @display(description="charged", ordering="charged")
    def charge(self, execution: Execution) -> str:
        """Show the credits charged."""
        return money.text(execution.charged)
