from wallets.models.adjustments import Adjustment
from wallets.models.books import BooksCheck
from wallets.models.claws import Claw, ClawPart
from wallets.models.days import ClosedDay
from wallets.models.debts import DebtRecovery, WalletDebt
from wallets.models.grants import CreditGrant, FrozenLot, GrantDrawdown
from wallets.models.holds import Hold
from wallets.models.ledger import Entry, LedgerSetting, Transaction
from wallets.models.seals import Seal, SealHead, SealProgress
from wallets.models.wallets import Wallet

__all__ = [
    "Adjustment",
    "BooksCheck",
    "Claw",
    "ClawPart",
    "ClosedDay",
    "CreditGrant",
    "DebtRecovery",
    "Entry",
    "FrozenLot",
    "GrantDrawdown",
    "Hold",
    "LedgerSetting",
    "Seal",
    "SealHead",
    "SealProgress",
    "Transaction",
    "Wallet",
    "WalletDebt",
]
