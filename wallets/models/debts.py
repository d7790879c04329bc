from django.db import models
from django.db.models import F, Q

from wallets.models.ledger import Transaction
from wallets.models.wallets import Wallet


class WalletDebt(models.Model):
    """What a wallet is below zero by, and what became of it. It is never more than one open row a kind.

    amount = remaining + paid + billed + waived + written_off, always; of what is written off, `recovered` was paid
    after all. Only paid grants and the overage invoice pay it
    (ledger.md rule 6).
    """

    class Kind(models.TextChoices):
        OVERAGE = "overage"
        ARREARS = "arrears"

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="debts")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    amount = models.BigIntegerField(help_text="All that was burned or forced below zero.")
    remaining = models.BigIntegerField()
    paid = models.BigIntegerField(default=0, help_text="By paid grants.")
    billed = models.BigIntegerField(default=0, help_text="By overage invoices.")
    waived = models.BigIntegerField(default=0, help_text="Its cause was undone.")
    written_off = models.BigIntegerField(default=0, db_default=0, help_text="Nobody will pay it.")
    recovered = models.BigIntegerField(
        default=0, db_default=0, help_text="Of what was written off: paid after all."
    )
    carried = models.BigIntegerField(
        default=0, help_text="USD micros that stand for the rest in `unbilled`, for arrears in `receivable`."
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="wallets_walletdebt_one_open",
                fields=["wallet", "kind"],
                condition=Q(remaining__gt=0),
            ),
            models.CheckConstraint(
                name="wallets_walletdebt_adds_up",
                condition=Q(amount=F("remaining") + F("paid") + F("billed") + F("waived") + F("written_off")),
            ),
            models.CheckConstraint(
                name="wallets_walletdebt_parts_not_negative",
                condition=Q(amount__gt=0, remaining__gte=0, paid__gte=0, billed__gte=0)
                & Q(waived__gte=0, written_off__gte=0, carried__gte=0),
            ),
            models.CheckConstraint(
                name="wallets_walletdebt_recovered_within",
                condition=Q(recovered__gte=0, recovered__lte=F("written_off")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of wallet {self.wallet_id}"


class DebtRecovery(models.Model):
    """What of a written-off debt was paid after all, by a purchase or by money that came back. Append-only."""

    debt = models.ForeignKey(WalletDebt, on_delete=models.PROTECT, related_name="recoveries")
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="recoveries")
    amount = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="wallets_debtrecovery_once", fields=["debt", "transaction"]),
            models.CheckConstraint(name="wallets_debtrecovery_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of debt {self.debt_id}"
