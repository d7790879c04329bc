from django.contrib import admin

from wallets import seals
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from wallets.models import Entry, SealHead, Transaction
from wallets.templatetags.money import credits_text


@admin.display(description="amount", ordering="amount")
def amount_of(entry: Entry) -> str:
    """Show an entry's amount in its unit."""
    return f"{credits_text(entry.amount)} {entry.unit}"


@admin.display(description="balance after")
def balance_after(entry: Entry) -> str:
    """Show the balance an entry left; platform wallets keep none."""
    return "" if entry.balance_after is None else credits_text(entry.balance_after)


@admin.display(description="seal")
def seal_of(transaction: Transaction) -> str:
    """Show a transaction's place in the chain of seals, and its hash."""
    seal = seals.seal_of(transaction_id=transaction.pk)
    return f"{seal.number} · {seal.hash.hex()}" if seal else "not sealed yet"


@admin.display(description="hash")
def hash_of(head: SealHead) -> str:
    """Show a head's hash."""
    return bytes(head.hash).hex()


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
    readonly_fields = (seal_of,)
    inlines = (EntryInline,)


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    """Entries, newest first."""

    list_display = ("id", "wallet", amount_of, balance_after, "transaction")
    list_select_related = ("wallet", "transaction")
    list_filter = ("unit", "transaction__kind")
    in_credits = ("amount", "balance_after")
    search_fields = ("transaction__public_id__exact", "transaction__source_id__startswith")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(SealHead)
class SealHeadAdmin(ReadOnlyAdmin):
    """Where the chain of seals stood day by day; kept elsewhere too, they prove that it was never made anew."""

    list_display = ("day", "number", hash_of)
    fields = ("day", "number", hash_of)
    readonly_fields = (hash_of,)
    ordering = ("-day",)
