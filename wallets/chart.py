"""The chart of accounts: the only place that names the platform's wallets.

A positive amount raises a liability or income, a negative one an asset or expense; every unit sums to zero.
Platform wallets take entries without touching a wallet row: their balance is the sum of their entries.
"""

from typing import Final, NamedTuple

from wallets.money import CREDITS, USD


class PlatformWallet(NamedTuple):
    """A wallet of the platform, named by its unit and kind."""

    unit: str
    kind: str


FUNDING_CLASSES: Final = ("plan", "promo", "bonus", "adjustment", "paid")

ISSUED: Final = {name: PlatformWallet(CREDITS, f"issued.{name}") for name in (*FUNDING_CLASSES, "overage")}
CLEARING: Final = PlatformWallet(CREDITS, "clearing")
PLATFORM_SHARE: Final = PlatformWallet(CREDITS, "platform_share")
BREAKAGE: Final = PlatformWallet(CREDITS, "breakage")
DISPUTED: Final = PlatformWallet(CREDITS, "disputed")
REDEEMED: Final = PlatformWallet(CREDITS, "redeemed")
LOSS: Final = PlatformWallet(CREDITS, "loss")

STRIPE_CASH: Final = PlatformWallet(USD, "stripe_cash")
BANK: Final = PlatformWallet(USD, "bank")
RECEIVABLE: Final = PlatformWallet(USD, "receivable")
UNBILLED: Final = PlatformWallet(USD, "unbilled")
CREATOR_DEBT: Final = PlatformWallet(USD, "creator_debt")
DISPUTES: Final = PlatformWallet(USD, "disputes")
DEFERRED: Final = PlatformWallet(USD, "deferred")
OWED: Final = PlatformWallet(USD, "owed")
IN_TRANSIT: Final = PlatformWallet(USD, "in_transit")
TAX: Final = PlatformWallet(USD, "tax")
REVENUE: Final = PlatformWallet(USD, "revenue")
BREAKAGE_INCOME: Final = PlatformWallet(USD, "breakage")
PROMO_EXPENSE: Final = PlatformWallet(USD, "promo_expense")
STRIPE_FEES: Final = PlatformWallet(USD, "stripe_fees")
DISPUTE_FEES: Final = PlatformWallet(USD, "dispute_fees")
USD_LOSS: Final = PlatformWallet(USD, "loss")
ROUNDING: Final = PlatformWallet(USD, "rounding")
FX: Final = PlatformWallet(USD, "fx")
SUSPENSE: Final = PlatformWallet(USD, "suspense")

PLATFORM_WALLETS: Final = (
    *ISSUED.values(),
    CLEARING,
    PLATFORM_SHARE,
    BREAKAGE,
    DISPUTED,
    REDEEMED,
    LOSS,
    STRIPE_CASH,
    BANK,
    RECEIVABLE,
    UNBILLED,
    CREATOR_DEBT,
    DISPUTES,
    DEFERRED,
    OWED,
    IN_TRANSIT,
    TAX,
    REVENUE,
    BREAKAGE_INCOME,
    PROMO_EXPENSE,
    STRIPE_FEES,
    DISPUTE_FEES,
    USD_LOSS,
    ROUNDING,
    FX,
    SUSPENSE,
)

# Kinds of the wallets that people own; these rows carry their balance.
CONSUMER: Final = "wallet"
PENDING: Final = "pending"
PAYABLE: Final = "payable"
RESERVE: Final = "reserve"
DEBT: Final = "debt"
