from wallets.admin.adjustments import AdjustmentAdmin
from wallets.admin.audit import AuditEntryAdmin
from wallets.admin.books import BooksCheckAdmin
from wallets.admin.ledger import EntryAdmin, SealHeadAdmin, TransactionAdmin
from wallets.admin.wallets import WalletAdmin

__all__ = [
    "AdjustmentAdmin",
    "AuditEntryAdmin",
    "BooksCheckAdmin",
    "EntryAdmin",
    "SealHeadAdmin",
    "TransactionAdmin",
    "WalletAdmin",
]
