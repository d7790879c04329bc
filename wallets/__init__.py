"""The ledger: wallets, transactions, entries, holds, grants.

Knows owners, amounts and reasons; nothing else.
"""
