from django.contrib import admin

from wallets import money
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from wallets.models import Entry, Transaction


@admin.display(description="amount", ordering="amount")
def amount_of(entry: Entry) -> str:
    """Show an entry's amount in its unit."""
    return f"{money.text(entry.amount)} {entry.unit}"


@admin.display(description="balance after")
def balance_after(entry: Entry) -> str:
    """Show the balance an entry left; platform wallets keep none."""
    return "" if entry.balance_after is None else money.text(entry.balance_after)


class EntryInline(ReadOnlyInline):
    model = Entry
    fields = ("wallet", amount_of, balance_after)
    readonly_fields = fields


@admin.register(Transaction)
class TransactionAdmin(ReadOnlyAdmin):
    """Transactions, found by their cause: a payment, an execution, a payout, a reason."""

    list_display = ("public_id", "kind", "source_type", "source_id", "actor", "description", "recorded_at")
    list_filter = ("kind", "source_type")
    search_fields = ("public_id__exact", "source_id__startswith", "actor", "description")
    search_help_text = "Transaction id, cause (exe_…, top_…, pi_…, tr_…), actor or reason"
    date_hierarchy = "recorded_at"
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (EntryInline,)


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    """Entries, newest first."""

    list_display = ("id", "wallet", amount_of, balance_after, "transaction")
    list_select_related = ("wallet", "transaction")
    list_filter = ("unit", "transaction__kind")
    search_fields = ("transaction__public_id__exact", "transaction__source_id__startswith")
    ordering = ("-id",)
    show_full_result_count = False
